"""Oscar's catalogue admin for master data."""

from oscar.apps.catalogue.admin import *  # noqa: F403
