"""`./manage.py test_signature USERNAME FILE`: the test authority certifies somebody with an IIN and signs a file for her."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from marketplace import crypto
from marketplace.models import PersonRecord
from marketplace.signatures import TEST_CA, Usage, test_ca


class Command(BaseCommand):
    help = "Signs a file as somebody of the demonstration; what the test authority certifies is worth nothing outside."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("file", type=Path)
        parser.add_argument("--sign", action="store_true", help="a certificate to sign with; the default is to sign in")
        parser.add_argument("--bin", default="", help="of the organisation that the person signs for")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SIGNATURE_VERIFIER != TEST_CA:
            raise CommandError("Only an installation that believes the test authority needs its signatures.")
        record = PersonRecord.objects.filter(user__username=options["username"]).exclude(iin_encrypted=None).first()
        if record is None:
            raise CommandError("Nobody of this name has an IIN here.")
        pair = test_ca.certify(
            test_ca.authority(),
            iin=crypto.decrypt(bytes(record.iin_encrypted or b""), bound_to=f"personrecord.iin:{record.user_id}"),
            name=str(record.user),
            bin=options["bin"],
            usage=Usage.SIGN if options["sign"] else Usage.SIGN_IN,
            at=datetime.now(UTC) - timedelta(minutes=1),
        )
        signed = options["file"].with_name(f"{options['file'].name}.cms")
        signed.write_bytes(test_ca.sign(pair, options["file"].read_bytes()))
        self.stdout.write(str(signed))
