import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0008_parallel_addressees_and_chains"),
        ("marketplace", "0007_draft_files"),
        ("order", "0005_repeat_orders"),
        ("partner", "0002_complaint_facts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PanelVote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("round", models.PositiveSmallIntegerField(default=0)),
                ("agrees", models.BooleanField(verbose_name="the outcome was reached")),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="complaint",
            name="complaint_open_once",
        ),
        migrations.RemoveConstraint(
            model_name="complaint",
            name="complaint_status_known",
        ),
        migrations.RemoveConstraint(
            model_name="complaint",
            name="complaint_satisfied_by_person",
        ),
        migrations.RemoveConstraint(
            model_name="complaint",
            name="complaint_respond_by_known",
        ),
        migrations.RemoveIndex(
            model_name="complaint",
            name="complaint_due",
        ),
        migrations.RemoveIndex(
            model_name="complaint",
            name="complaint_seller_work",
        ),
        migrations.RemoveIndex(
            model_name="complaint",
            name="complaint_body_work",
        ),
        migrations.AddField(
            model_name="complaint",
            name="confirmed_by",
            field=models.CharField(
                blank=True,
                choices=[("person", "the person"), ("phone", "the person, by phone"), ("panel", "a panel")],
                max_length=10,
                verbose_name="outcome confirmed by",
            ),
        ),
        migrations.RunSQL(
            "UPDATE complaints_complaint SET confirmed_by = 'person' WHERE confirmed_by_person",
            "UPDATE complaints_complaint SET confirmed_by_person = true WHERE confirmed_by <> ''",
        ),
        migrations.RemoveField(
            model_name="complaint",
            name="confirmed_by_person",
        ),
        migrations.AddField(
            model_name="complaint",
            name="language",
            field=models.CharField(
                choices=[("kk", "Kazakh"), ("ru", "Russian"), ("en", "English")],
                default="kk",
                max_length=2,
                verbose_name="language",
            ),
        ),
        migrations.AlterField(
            model_name="complaint",
            name="status",
            field=models.CharField(
                choices=[
                    ("registered", "Registered"),
                    ("with_seller", "With the supplier"),
                    ("settled_offer", "The supplier offers a remedy"),
                    ("remedy_running", "The remedy is under way"),
                    ("answered", "Answered by the supplier"),
                    ("ignored", "Left without an answer"),
                    ("escalated", "Passed to the state body"),
                    ("with_body", "Examined by the state body"),
                    ("pretrial", "In pre-trial settlement"),
                    ("decided", "Decided"),
                    ("court", "In court"),
                    ("with_ministry", "With the ministry"),
                    ("waiting_person", "Waiting for the person"),
                    ("outcome_check", "The person checks the outcome"),
                    ("outcome_call", "The hotline calls the person about the outcome"),
                    ("outcome_panel", "A panel looks at the outcome"),
                    ("refused_by_law", "Refused, with the reason named by law"),
                    ("duplicate_linked", "Linked to an earlier complaint"),
                    ("withdrawn", "Withdrawn"),
                    ("closed", "Closed"),
                ],
                default="registered",
                max_length=20,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "registered",
                            "with_seller",
                            "settled_offer",
                            "remedy_running",
                            "answered",
                            "ignored",
                            "escalated",
                            "with_body",
                            "pretrial",
                            "decided",
                            "court",
                            "with_ministry",
                            "waiting_person",
                            "outcome_check",
                            "outcome_call",
                            "outcome_panel",
                        ],
                    )
                ),
                fields=["respond_by"],
                name="complaint_due",
            ),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "registered",
                            "with_seller",
                            "settled_offer",
                            "remedy_running",
                            "answered",
                            "ignored",
                            "escalated",
                            "with_body",
                            "pretrial",
                            "decided",
                            "court",
                            "with_ministry",
                            "waiting_person",
                            "outcome_check",
                            "outcome_call",
                            "outcome_panel",
                        ],
                    )
                ),
                fields=["addressee_supplier", "respond_by"],
                name="complaint_seller_work",
            ),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "registered",
                            "with_seller",
                            "settled_offer",
                            "remedy_running",
                            "answered",
                            "ignored",
                            "escalated",
                            "with_body",
                            "pretrial",
                            "decided",
                            "court",
                            "with_ministry",
                            "waiting_person",
                            "outcome_check",
                            "outcome_call",
                            "outcome_panel",
                        ],
                    )
                ),
                fields=["addressee_authority", "respond_by"],
                name="complaint_body_work",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("order_line__isnull", False),
                    (
                        "status__in",
                        [
                            "registered",
                            "with_seller",
                            "settled_offer",
                            "remedy_running",
                            "answered",
                            "ignored",
                            "escalated",
                            "with_body",
                            "pretrial",
                            "decided",
                            "court",
                            "with_ministry",
                            "waiting_person",
                            "outcome_check",
                            "outcome_call",
                            "outcome_panel",
                        ],
                    ),
                ),
                fields=("order_line", "subject"),
                name="complaint_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "registered",
                            "with_seller",
                            "settled_offer",
                            "remedy_running",
                            "answered",
                            "ignored",
                            "escalated",
                            "with_body",
                            "pretrial",
                            "decided",
                            "court",
                            "with_ministry",
                            "waiting_person",
                            "outcome_check",
                            "outcome_call",
                            "outcome_panel",
                            "refused_by_law",
                            "duplicate_linked",
                            "withdrawn",
                            "closed",
                        ],
                    )
                ),
                name="complaint_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "status__in",
                            [
                                "with_seller",
                                "settled_offer",
                                "remedy_running",
                                "answered",
                                "escalated",
                                "with_body",
                                "pretrial",
                                "decided",
                                "with_ministry",
                                "waiting_person",
                                "outcome_check",
                                "outcome_call",
                                "outcome_panel",
                            ],
                        ),
                        _negated=True,
                    ),
                    ("respond_by__isnull", False),
                    _connector="OR",
                ),
                name="complaint_respond_by_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "satisfied"), _negated=True),
                    ("confirmed_by__in", ["person", "phone", "panel"]),
                    _connector="OR",
                ),
                name="complaint_satisfied_by_word",
            ),
        ),
        migrations.AddField(
            model_name="panelvote",
            name="complaint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="votes", to="complaints.complaint"
            ),
        ),
        migrations.AddField(
            model_name="panelvote",
            name="voter",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="panelvote",
            constraint=models.UniqueConstraint(
                fields=("complaint", "round", "voter"), name="panel_vote_once_per_voter"
            ),
        ),
    ]
