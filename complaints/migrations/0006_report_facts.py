import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0005_feedback"),
        ("marketplace", "0007_draft_files"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FactsState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("last_event", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="CaseMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("on", models.DateField()),
                ("kind", models.CharField(max_length=30)),
                ("body", models.CharField(blank=True, max_length=60)),
                ("days", models.IntegerField(null=True)),
                ("in_time", models.BooleanField(null=True)),
                (
                    "complaint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="complaints.complaint",
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.region",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["kind", "on"], name="mark_kind_day"),
                    models.Index(fields=["complaint"], name="mark_of_case"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CaseStretch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(max_length=20)),
                ("began_on", models.DateField()),
                ("until_on", models.DateField(default=datetime.date(9999, 12, 31))),
                ("is_first", models.BooleanField()),
                ("is_open", models.BooleanField()),
                ("outcome", models.CharField(blank=True, max_length=20)),
                ("confirmed", models.BooleanField(default=False)),
                ("returned", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                (
                    "complaint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="complaints.complaint",
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.region",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_open", True)), fields=["until_on", "began_on"], name="stretch_open"
                    ),
                    models.Index(condition=models.Q(("is_open", False)), fields=["began_on"], name="stretch_ended"),
                    models.Index(condition=models.Q(("is_first", True)), fields=["began_on"], name="stretch_filed"),
                    models.Index(
                        condition=models.Q(("is_open", False), ("until_on__lt", datetime.date(9999, 12, 31))),
                        fields=["until_on"],
                        name="stretch_reopened",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("complaint", "began_on"), name="stretch_begins_once")],
            },
        ),
        migrations.CreateModel(
            name="DayTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=30)),
                ("body", models.CharField(blank=True, max_length=60)),
                ("days", models.IntegerField(null=True)),
                ("in_time", models.BooleanField(null=True)),
                ("steps", models.IntegerField()),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.region",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "region", "kind", "body", "days", "in_time"),
                        name="day_tally_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DayTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("channel", models.CharField(max_length=20)),
                ("outcome", models.CharField(blank=True, max_length=20)),
                ("is_open", models.BooleanField()),
                ("came", models.IntegerField()),
                ("went", models.IntegerField()),
                ("filed", models.IntegerField()),
                ("confirmed", models.IntegerField()),
                ("returned", models.DecimalField(decimal_places=2, max_digits=18)),
                (
                    "region",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.region",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "region", "channel", "outcome", "is_open"), name="day_total_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutreachEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("media_speeches", "Speeches in the media"),
                            ("media_publications", "Publications in the media"),
                            ("social_posts", "Posts in social networks"),
                            ("briefings", "Briefings"),
                            ("round_tables", "Round tables"),
                            ("visits", "Visits to businesses"),
                        ],
                        max_length=30,
                        verbose_name="kind",
                    ),
                ),
                ("on", models.DateField(verbose_name="day")),
                ("count", models.PositiveIntegerField(verbose_name="how many")),
                ("reach", models.PositiveIntegerField(default=0, verbose_name="people reached")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="what it was about")),
                ("entered_at", models.DateTimeField(verbose_name="entered at")),
                ("struck_at", models.DateTimeField(blank=True, null=True, verbose_name="struck out at")),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.region",
                        verbose_name="region",
                    ),
                ),
            ],
            options={
                "verbose_name": "outreach entry",
                "verbose_name_plural": "outreach entries",
                "ordering": ["-on", "-pk"],
                "indexes": [models.Index(fields=["region", "on"], name="outreach_region_day")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("count__gte", 1)), name="outreach_counts_something")
                ],
            },
        ),
        migrations.CreateModel(
            name="RouteProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("value", models.JSONField(verbose_name="table")),
                ("based_on", models.DateField(verbose_name="made from the version of")),
                ("rev", models.PositiveIntegerField(default=1)),
                ("begun_at", models.DateTimeField(verbose_name="begun at")),
                ("changed_at", models.DateTimeField(verbose_name="changed at")),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "proposal of a routing table",
                "verbose_name_plural": "proposals of routing tables",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        models.Value(1), condition=models.Q(("ended_at__isnull", True)), name="route_proposal_one_open"
                    )
                ],
            },
        ),
    ]
