"""Celery: the worker executes what the outbox relay hands on, beat only asks for sweeps.

Nothing here is a source of truth: every effect has its outbox row in PostgreSQL and every
deadline its column, so a lost broker or a second beat changes nothing but the delay.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tirek")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
