"""Lists are filtered and ordered on columns in memory: nothing asks these indexes any more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0005_documents_change_pages"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="productdocument",
            name="document_score",
        ),
        migrations.RemoveIndex(
            model_name="productdocument",
            name="document_parameters",
        ),
    ]
