"""List pages that read the database by Oscar's own manager: what a shop does that outgrew Haystack's lists.

The same templates and the same context as Oscar's pages, without facets (there is no engine to count them).
"""

from typing import Any

from django.shortcuts import get_object_or_404
from django.views.generic import ListView
from oscar.core.loading import get_model

Product = get_model("catalogue", "Product")
CategoryModel = get_model("catalogue", "Category")


class _Found:
    """A product as the templates take it out of a search result."""

    def __init__(self, product: Any) -> None:
        self.object = product


class Catalogue(ListView):
    """All products, 20 a page, the newest first."""

    template_name = "oscar/catalogue/browse.html"
    context_object_name = "products"
    paginate_by = 20

    def get_queryset(self) -> Any:
        return Product.objects.browsable().base_queryset().order_by("-pk")

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        context = super().get_context_data(**context)
        products = [_Found(product) for product in context["page_obj"].object_list]
        return {**context, "products": products, "summary": "All products", "page": context["page_obj"]}


class Category(Catalogue):
    """The products of a category and of those below it."""

    template_name = "oscar/catalogue/category.html"

    def get_queryset(self) -> Any:
        self.category = get_object_or_404(CategoryModel, pk=self.kwargs["pk"], is_public=True)
        below = self.category.get_descendants_and_self()
        return super().get_queryset().filter(categories__in=below).distinct()

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return {**super().get_context_data(**context), "category": self.category}
