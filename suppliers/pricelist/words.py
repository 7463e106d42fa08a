"""What is said about a price list and its rows, in the reader's language; stored are codes and facts only."""

from typing import Any

from django.utils.translation import gettext_lazy as _

# About the whole file.
WORDS = {
    "empty": _("The file is empty. Choose another one."),
    "too_large": _("The file is larger than 20 MB. Send the price list in parts."),
    "kind": _("This is not a price list that we can read. Save it as xlsx, ods or csv and send that."),
    "old_excel": _("This is an old Excel file, or it has a password. Save it as .xlsx without a password and send that."),
    "encrypted": _("The file has a password. Save it without a password and send that."),
    "damaged": _("We cannot open this file. Open it on your computer, save it again as .xlsx and send that."),
    "bomb": _("The file unpacks to more than a price list needs. Copy the rows into our template and send that."),
    "nested": _("The file has other files in it. Copy the rows into our template and send that."),
    "macros": _("The file has macros in it. Save it as .xlsx without macros and send that."),
    "external_links": _("The file takes values from other files. Paste them as values into our template and send that."),
    "doctype": _("The file has parts that no spreadsheet program writes. Copy the rows into our template and send that."),
    "too_heavy": _("The file is too heavy to be read: perhaps a cell far below or far to the right is filled. Copy the rows into our template and send that."),
    "web_page": _("This is a web page, not a table. Save it as .xlsx and send that."),
    "not_text": _("This is not a text in UTF-8 or Windows-1251. Save it as .xlsx or as csv UTF-8 and send that."),
    "quotes": _("Row %(row)s: a quotation mark is not closed, or stands alone. Put two of them for one, or save the list as .xlsx."),
    "no_columns": _("We do not find the names of the columns. The list needs an article or a product code, and a price or a stock. Take the names from our template."),
    "no_rows": _("There are no rows below the names of the columns."),
    "too_many_rows": _("The list has %(found)s rows. At most %(most)s can be read: send it in parts."),
    # About a cell.
    "date": _("This is a date (%(found)s). Set the format of the cell to a number."),
    "flag": _("This is a yes or no. Write a number or a text."),
    "error": _("The formula gives an error: %(found)s. Write the value."),
    "merged": _("This cell is merged with the one above or beside it. Unmerge them and fill in each."),
    "number": _("“%(found)s” is not a number. Write it in digits, for example 15000."),
    "two_ways": _("“%(found)s” can be read in two ways. Write %(whole)s, or two digits after the comma."),
    "whole": _("“%(found)s” is not a whole number. Write it without a part, for example 3."),
    "price_range": _("The price must be above zero and below ten billion tenge."),
    "price_places": _("“%(found)s”: write the price with at most two digits for tiyn."),
    "stock_range": _("Write the number of packs, from %(least)s to %(most)s."),
    "pack_range": _("Write how many units are in a pack, from %(least)s to %(most)s."),
    "lead_range": _("Write the days to deliver, from %(least)s to %(most)s."),
    "warranty_range": _("Write the months of warranty, from %(least)s to %(most)s."),
    "delivery_range": _("Give what one delivery costs, in tenge; 0 when it is in the price."),
    "delivery_most": _("One delivery may cost at most %(most)s ₸."),
    "region": _("We know no region “%(found)s”. Write its name or code, for example KZ-79, with commas between."),
    "long": _("This is too long: at most %(most)s signs."),
    "signs": _("An article cannot begin with = + @ or hold the signs < and >."),
    "extra": _("There is more in this row than columns. Put a number with a comma into quotation marks, or save the list as .xlsx."),
    "nameless": _("Write the article of your offer or the code of the product."),
    "nothing": _("Nothing to change: write a price or a stock."),
    "unknown_sku": _("You have no offer with the article %(sku)s. For a new offer write the code of the product, too. If the article begins with zeros, set the format of the cell to text."),
    "unknown_product": _("There is no product with the code %(product)s. Take the code from our template."),
    "other_product": _("Your article %(sku)s belongs to another product: %(product)s."),
    "several": _("You have several offers of the product %(product)s. Write the article of one of them."),
    "sku_needed": _("A new offer of the product %(product)s needs an article of yours."),
    "needed": _("A new offer needs this value."),
    "twice": _("The article %(sku)s stands already in row %(row)s. That row counts."),
    "price_high": _("Look again: %(unit)s ₸ for one is far above the median of such goods, %(median)s ₸."),
}  # fmt: skip
NOTES = {"price_high"}  # said about a row that is accepted
KINDS = {
    "created": _("New offer, a draft"),
    "changed": _("Changed"),
    "same": _("No change"),
    "refused": _("Not accepted"),
}
KINDS_OF_CHECK = {
    "created": _("Will be a new offer, a draft"),
    "changed": _("Will change"),
    "same": _("No change"),
    "refused": _("Cannot be accepted"),
}


def said(code: str, params: dict[str, Any]) -> str:
    """The words of a code with its facts."""
    return str(WORDS[code]) % params if params else str(WORDS[code])


def remark(cell: str, code: str, params: dict[str, Any]) -> str:
    """``D17: This is a date …``"""
    return f"{cell}: {said(code, params)}"


def kind(code: str, *, dry_run: bool) -> str:
    return str((KINDS_OF_CHECK if dry_run else KINDS)[code])
