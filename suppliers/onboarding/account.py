"""A business person makes an account: the only one that people make by themselves; without a shop it opens nothing."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from marketplace import events
from marketplace.errors import FieldError, Invalid
from marketplace.forms import parse_phone
from marketplace.models import Role, User


def join(*, full_name: str, email: str, phone: str, password: str, language: str) -> User:
    """An account of the role supplier that works for no supplier yet; the e-mail is its user name.

    Raises Invalid naming every wrong field, also for an e-mail that has an account.
    """
    email, name = email.strip().lower(), " ".join(full_name.split())
    user = User(
        username=email, email=email, full_name=name, role=Role.SUPPLIER, language=language, channel=User.Channel.EMAIL
    )
    errors = []
    if not name:
        errors.append(FieldError("full_name", "required", _("Give your name.")))
    elif len(name) > 200:
        errors.append(FieldError("full_name", "too_long", _("Write at most %(most)s characters.") % {"most": 200}))
    if not _is_email(email):
        errors.append(FieldError("email", "email", _("Enter an e-mail address, for example aigul@example.kz.")))
    try:
        user.phone = parse_phone(phone)
    except ValidationError as error:
        errors.append(FieldError("phone", "phone", error.message))
    try:
        validate_password(password, user)
    except ValidationError as error:
        errors += [FieldError("password", "password", message) for message in error.messages]
    if errors:
        raise Invalid(errors)
    user.set_password(password)
    try:
        with transaction.atomic(durable=True):
            user.save(force_insert=True)
            events.record(kind="account.joined", subject=f"user:{user.pk}", actor=user)
    except IntegrityError:
        message = _("This e-mail has an account already. Sign in with it.")
        raise Invalid([FieldError("email", "taken", message)]) from None
    return user


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 150  # as long as a user name may be
