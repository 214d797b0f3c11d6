"""Webhooks for organisers and administrators, what was sent for administrators, and each person's own choice."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response, status

from sonobench_platform.accounts.access import AdministratorCaller, OrganiserCaller, PersonCaller
from sonobench_platform.core import CoreDep
from sonobench_platform.desk.paging import PageDep, key_of, page
from sonobench_platform.notices import choices, ledger, webhooks
from sonobench_platform.notices.schemas import (
    Deliveries,
    Delivery,
    MailChoice,
    NewWebhook,
    Notice,
    Notices,
    Webhooks,
    WebhookWithSecret,
    delivery_of,
    notice_of,
    webhook_of,
    webhook_with_secret,
)
from sonobench_platform.problems import refusals
from sonobench_platform.teams.visible import organised

router = APIRouter(prefix="/api/v1", tags=["notices"])

WebhookId = Annotated[str, Path(description="The webhook's id.", examples=["hook-k3jw5xq2m7ud4n6a"])]


@router.post(
    "/challenges/{name}/webhooks",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(401, 403, 404, 409),
    summary="Make a webhook for a challenge",
)
def create_challenge_webhook(core: CoreDep, caller: OrganiserCaller, name: str, body: NewWebhook) -> WebhookWithSecret:
    """Its address is told what happens in the challenge, signed by Standard Webhooks. The secret is shown this once."""
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        made = webhooks.create(core, work, caller, challenge_id=challenge.id, url=body.url, events=body.events)
        return webhook_with_secret(made)


@router.get("/challenges/{name}/webhooks", responses=refusals(401, 403, 404), summary="A challenge's webhooks")
def list_challenge_webhooks(core: CoreDep, caller: OrganiserCaller, name: str) -> Webhooks:
    with core.database.read() as session:
        found = webhooks.everything(session, organised(session, caller, name).id)
    return Webhooks(items=[webhook_of(each) for each in found])


@router.post(
    "/webhooks",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(401, 403, 409),
    summary="Make a webhook for all challenges",
)
def create_webhook(core: CoreDep, caller: AdministratorCaller, body: NewWebhook) -> WebhookWithSecret:
    """Its address is told what happens in every challenge. The secret is shown this once."""
    with core.database.write() as work:
        return webhook_with_secret(webhooks.create(core, work, caller, challenge_id=None, url=body.url, events=body.events))


@router.get("/webhooks", responses=refusals(401, 403), summary="The webhooks for all challenges")
def list_webhooks(core: CoreDep, _caller: AdministratorCaller) -> Webhooks:
    with core.database.read() as session:
        return Webhooks(items=[webhook_of(each) for each in webhooks.everything(session, None)])


@router.delete("/webhooks/{webhook_id}", status_code=204, responses=refusals(401, 403, 404), summary="Remove a webhook")
def remove_webhook(core: CoreDep, caller: OrganiserCaller, webhook_id: WebhookId) -> None:
    """What was not sent yet never will be."""
    with core.database.write() as work:
        webhooks.remove(core, work, caller, webhook_id)


@router.post(
    "/webhooks/{webhook_id}/test",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(401, 403, 404, 409),
    summary="Have a test message sent",
)
def test_webhook(core: CoreDep, caller: OrganiserCaller, webhook_id: WebhookId) -> Delivery:
    """What came of it is in the webhook's deliveries a few seconds later."""
    with core.database.write() as work:
        return delivery_of(webhooks.send_test(core, work, caller, webhook_id))


@router.get("/webhooks/{webhook_id}/deliveries", responses=refusals(401, 403, 404, 422), summary="A webhook's newest deliveries")
def list_deliveries(
    core: CoreDep, caller: OrganiserCaller, webhook_id: WebhookId, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Deliveries:
    with core.database.read() as session:
        found = webhooks.deliveries(session, webhooks.get(session, caller, webhook_id), limit=limit)
    return Deliveries(items=[delivery_of(each) for each in found])


@router.get("/notices", responses=refusals(401, 403, 422), summary="Mails and messages, newest first")
def list_notices(
    *,
    request: Request,
    response: Response,
    core: CoreDep,
    _caller: AdministratorCaller,
    asked: PageDep,
    fate: Annotated[ledger.Fate | None, Query(description="Only those that this became of.")] = None,
) -> Notices:
    """Whom they went to and what went wrong, never what they said: a mail may hold a link that is a secret."""
    with core.database.read() as session:
        found = ledger.newest(session, fate=fate, limit=asked.limit + 1, after=asked.place)
    shown = page(found, asked, key=lambda each: key_of(each.created_at, each.id), request=request, response=response)
    return Notices(items=[notice_of(each) for each in shown.items], next=shown.next)


@router.post("/notices/{notice_id}/retry", responses=refusals(401, 403, 404, 409), summary="Have a notice sent again")
def retry_notice(
    core: CoreDep, caller: AdministratorCaller, notice_id: Annotated[str, Path(description="The notice's id.")]
) -> Notice:
    """For one that was given up, once what was in its way is mended."""
    with core.database.write() as work:
        return notice_of(ledger.try_again(core, work, caller, notice_id))


@router.get("/me/notices", responses=refusals(401, 403), summary="Whether you get mails")
def get_mail_choice(core: CoreDep, caller: PersonCaller) -> MailChoice:
    with core.database.read() as session:
        return MailChoice(mail=choices.wants_mail(session, caller.person_id or ""))


@router.put("/me/notices", responses=refusals(401, 403), summary="Choose whether you get mails")
def put_mail_choice(core: CoreDep, caller: PersonCaller, body: MailChoice) -> MailChoice:
    """About submissions that ended, and phases that open and close."""
    with core.database.write() as work:
        choices.choose_mail(work, caller.person_id or "", wanted=body.mail)
    return body
