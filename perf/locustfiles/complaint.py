"""Complaints: asked about and filed by who is signed in, filed by a printed code without an account, told to 1414."""

import random
import uuid

from locust import task

from perf.locustfiles.common import PEOPLE, Broken, PortalUser, every, first

CASES = (("defect", "durable"), ("late", "goods"), ("short_quantity", "consumable"), ("staff", "office"))


class Complainant(PortalUser):
    accounts = ("person", "parent")
    weight = 1

    def suppliers(self) -> list[str]:
        return [row["code"] for row in self.read("/suppliers")["results"]]

    @task(3)
    def preview(self) -> None:
        with self.journey("ask where a complaint goes"):
            subject, sphere = random.choice(CASES)
            body = {"supplier": random.choice(self.suppliers()), "subject": subject, "sphere": sphere}
            self.send("POST", "/complaints/route", body, name="/complaints/route")

    @task(1)
    def file(self) -> None:
        with self.journey("complain"):
            body = {
                "supplier": random.choice(self.suppliers()),
                "subject": "late",
                "sphere": "goods",
                "text": "Тапсырыс уәде етілген күні келмеді.",
                "demand": "refund",
            }
            self.send("POST", "/complaints", body, name="/complaints", **{"Idempotency-Key": str(uuid.uuid4())})

    @task(2)
    def mine(self) -> None:
        with self.journey("look at my complaints"):
            self.page("complaints/", "my complaints")
            self.read("/complaints")


class Scanner(PortalUser):
    """Somebody without an account in front of a printed code; each time another phone, as each of them is."""

    weight = 2
    codes: list[str] = []  # hung on walls: read once from the page on which a supplier prints them

    @task
    def complain_by_code(self) -> None:
        if not self.codes:
            self.print_codes()
        self.new_phone()
        with self.journey("complain by a printed code"):
            code = random.choice(self.codes)
            page = self.page(f"/q/{code}", "printed code", assets=True)
            door = first(rf'href="(/[a-z]+/complaints/scanned/{code}/)\?to=seller"', page)
            self.think()
            form = self.page(f"{door}?to=seller", "tell what happened", assets=True)
            fields = {
                "to": "seller",
                "key": first(r'name="key" value="([^"]+)"', form),
                "subject": first(r'name="subject"[^>]*value="([a-z_]+)"', form),
                "text": "Доңғалағы бірінші күні сынды.",
            }
            self.think()
            check = self.post(door, fields, "check by code")
            if 'name="send"' not in check.text:
                raise Broken("the check cannot be sent")
            self.think()
            sent = self.post(door, {**fields, "send": "1"}, "send by code")
            number = first(r"/complaints/(C-[0-9-]+)/sent/", sent.url)
        with self.journey("ask how it goes by number and code"):
            self.page("track/", "track")
            self.think()
            told = self.post("track/", {"number": number, "code": self.code_in(sent.text)}, "track")
            if number not in told.text:
                raise Broken(f"{number} is not found by its code")

    @staticmethod
    def code_in(receipt: str) -> str:
        return first(r"<strong>(\d{10})</strong>", receipt)

    def print_codes(self) -> None:
        self.sign_in("supplier")
        type(self).codes = every(r'href="/q/(S[^"]+)"', self.page("codes/", "codes to print"))


class Hotline(PortalUser):
    """1414: a call comes, the caller is found, her complaint is written down and sent; then the next call."""

    accounts = ("hotline",)
    weight = 1

    @task
    def call(self) -> None:
        with self.journey("a call to 1414"):
            self.page("hotline/", "1414 desk")
            person = self.find_caller()
            began = self.post("hotline/complaint/", {"person": person} if person else {}, "begin at 1414")
            draft = first(r"draft=([0-9a-f-]{36})", began.url)
            told = {
                "channel": "hotline",
                "sphere": "durable",
                "subject": "defect",
                "text": "Доңғалағы бірінші күні сынды.",
                **({} if person else {"region": "KZ-79"}),
            }
            self.think()
            checked = self.post(f"hotline/complaint/{draft}/", told, "write down at 1414")
            rev = first(r'name="rev" value="(\d+)"', checked.text)
            self.think()
            sent = self.post(f"complaints/new/{draft}/check/", {"rev": rev}, "send at 1414")
            first(r"/complaints/(C-[0-9-]+)/sent/", sent.url)

    def find_caller(self) -> str:
        """By the phone of somebody that perf/seed.py made; "" where there is nobody."""
        if not PEOPLE:
            return ""
        phone = f"+7700{random.randint(1, PEOPLE):07d}"
        found = self.post("hotline/", {"what": phone}, "find a caller")
        person = first(r'href="\?person=(\d+)"', found.text)
        self.page(f"hotline/?person={person}", "caller")
        return person
