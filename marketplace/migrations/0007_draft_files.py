import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0006_hand_over")]

    operations = [
        migrations.CreateModel(
            name="DraftFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(blank=True, help_text="what the person's device calls it", max_length=200),
                ),
                ("length", models.PositiveIntegerField()),
                ("offset", models.PositiveIntegerField(default=0)),
                (
                    "status",
                    models.CharField(
                        choices=[("partial", "Being sent"), ("kept", "Received"), ("refused", "Not taken")],
                        default="partial",
                        max_length=10,
                    ),
                ),
                (
                    "refusal",
                    models.CharField(blank=True, help_text="the code of marketplace.files", max_length=30),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="marketplace.draft"
                    ),
                ),
                (
                    "stored_file",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="draft_file",
                        to="marketplace.storedfile",
                    ),
                ),
                (
                    "uploader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["created_at", "id"],
                "constraints": [
                    models.CheckConstraint(condition=Q(offset__lte=F("length")), name="draft_file_not_overfull"),
                    models.CheckConstraint(
                        condition=Q(status__in=["partial", "kept", "refused"]), name="draft_file_status"
                    ),
                    models.CheckConstraint(
                        condition=Q(status="kept", stored_file__isnull=False)
                        | Q(~Q(status="kept"), stored_file__isnull=True),
                        name="draft_file_kept_whole",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["created_at"], name="draft_file_unfinished", condition=~Q(status="kept"))
                ],
            },
        ),
        migrations.CreateModel(
            name="DraftFileChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("offset", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="marketplace.draftfile"
                    ),
                ),
            ],
            options={
                "ordering": ["file", "offset"],
                "constraints": [models.UniqueConstraint(fields=("file", "offset"), name="draft_file_chunk_once")],
            },
        ),
    ]
