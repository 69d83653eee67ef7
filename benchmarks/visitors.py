"""What people do while a soak goes on, for Locust: each visitor signs in and works at one service.

They look at pages much more than they change anything, and wait a moment between two pages. Sign-ins stand
in the file that PARKWAY_VISITORS names, one `[e-mail, password, slug, child, child id]` for each visitor.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
from pathlib import Path

from locust import HttpUser, between, task

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
FIELD = re.compile(r'<input type="(?:hidden|text|date)" name="([^"]+)" value="([^"]*)"')

_sign_ins = itertools.cycle(json.loads(Path(os.environ["PARKWAY_VISITORS"]).read_text()))


class Visitor(HttpUser):
    """An admin educator who also works in Manage."""

    wait_time = between(0.5, 1.5)

    def on_start(self) -> None:
        """Sign in."""
        email, password, self.slug, self.child, self.child_id = next(_sign_ins)
        self.storypark, self.manage = f"/storypark/{self.slug}/", f"/manage/{self.slug}/"
        self._send("/accounts/login/", "sign in", login=email, password=password)

    def _send(self, address: str, name: str, **typed: str) -> None:
        """Fill in the form of a page and send it."""
        page = self.client.get(address, name=f"{name}: form").text
        fields = dict(FIELD.findall(page)) | {"csrfmiddlewaretoken": TOKEN.findall(page)[-1]}
        self.client.post(
            address, {**fields, **typed}, name=name, headers={"Referer": f"{self.host}{address}"}
        )

    @task(30)
    def settings_page(self) -> None:
        self.client.get(f"{self.storypark}integrations/", name="settings page")

    @task(12)
    def why(self) -> None:
        self.client.get(f"{self.storypark}integrations/children/{self.child_id}/", name="why")

    @task(12)
    def children_in_manage(self) -> None:
        self.client.get(self.manage, name="children in Manage")

    @task(12)
    def children_in_storypark(self) -> None:
        self.client.get(self.storypark, name="children in Storypark")

    @task(6)
    def forecast(self) -> None:
        self.client.get(f"{self.storypark}integrations/forecast/", name="forecast")

    @task(4)
    def preview(self) -> None:
        self.client.get(f"{self.storypark}integrations/switch/stay/", name="preview of a switch")

    @task(8)
    def rename_a_child(self) -> None:
        name = random.choice(("Moana", "Tama", "Isla", "Zoë", "Nikau"))
        self._send(f"{self.manage}children/{self.child}/edit/", "change a child", preferred_name=name)

    @task(4)
    def sync_now(self) -> None:
        page = self.client.get(f"{self.storypark}integrations/", name="settings page").text
        self.client.post(
            f"{self.storypark}integrations/sync-now/",
            {"csrfmiddlewaretoken": TOKEN.findall(page)[-1]},
            name="sync now",
            headers={"Referer": f"{self.host}{self.storypark}integrations/"},
        )
