"""No column without a class, and none of a class it cannot have."""

from tests.rights.data_classes import columns, register


def test_every_column_has_its_class():
    present = {(model._meta.label, field.name) for model, field in columns()}
    said = set(register())
    assert sorted(present - said) == [], "say its class in docs/data-classes.md"
    assert sorted(said - present) == [], "these columns are no more"


def test_what_is_a_secret_or_a_digest_of_one_says_so():
    """By its name; a new column of such a name cannot be called internal by mistake."""
    telling = ("password", "token_hash", "key_hash", "digest", "tracking_hash", "session_key")
    innocent = {
        ("marketplace.AuditSeal", "digest"),
        ("order.Act", "digest"),
        ("order.PaperSignature", "digest"),
    }  # of what is public to the auditor
    found = {at for at, name in register().items() if at[1].endswith(telling) and name != "P4"}
    assert found == innocent


def test_names_phones_addresses_and_numbers_of_people_are_personal():
    about_people = {
        "full_name",
        "first_name",
        "last_name",
        "contact_phone",
        "phone_number",
        "iin_encrypted",
        "birth_date",
    }
    assert {name for at, name in register().items() if at[1] in about_people} == {"P2", "P3"}
