"""Comments on a case (批注): what reviewer, heads and handlers say to one another about a record, a photo or a clause.

What was asked and answered before a decision belongs to the file, so it is recorded. The invariant: a comment decides
nothing and opens no gate; it is never changed, only settled, and who settled it stands beside it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Digest, Id, Instant, Line, Ref, says

CommentText = Annotated[str, Meta(min_length=1, max_length=2_000, extra_json_schema={"pattern": r"^[^\u0000]*$"})]
"""What somebody says in one comment."""


class CommentMade(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who works on a case said something about it, or about one thing in its file."""

    SPEC: ClassVar = Spec(
        name="comment.made.v1",
        family="E34",
        origin="office",
        step="R9",
        zh="批注",
        en="Comment",
        about_zh="审核、承办等人员对案件或其中一项材料提出的意见。",
        about_en="A person who works on a case commented on it or on one thing in its file.",
        tags=("case",),
    )

    comment_id: Annotated[Id, says("批注编号", "id of the comment")]
    case_id: Annotated[Id, says("案件编号", "case that it is about")]
    review_id: Annotated[Id | UnsetType, says("审核编号", "legal review in which it was made")] = UNSET
    anchor: Annotated[Literal["case", "event", "file", "clause", "draft"], says("批注对象", "what it is anchored to")]
    event_id: Annotated[Id | UnsetType, says("事件编号", "record that it is about")] = UNSET
    sha256: Annotated[Digest | UnsetType, says("文件摘要", "SHA-256 of the photo or file that it is about")] = UNSET
    clause: Annotated[Line | UnsetType, says("条款", "clause that it is about")] = UNSET
    draft_hash: Annotated[Digest | UnsetType, says("决定草案摘要", "draft that it is about", "INV-17")] = UNSET
    field: Annotated[Ref | UnsetType, says("字段", "name of the field of that record or draft")] = UNSET
    reply_to: Annotated[Id | UnsetType, says("回复的批注", "comment that it answers")] = UNSET
    text: Annotated[CommentText, says("批注内容", "what was said")]
    officer: Annotated[Ref, says("批注人", "officer id of who said it")]
    made_at: Annotated[Instant, says("批注时刻", "instant of the comment, ms")]


class CommentSettled(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A comment was settled, or opened again."""

    SPEC: ClassVar = Spec(
        name="comment.settled.v1",
        family="E34",
        origin="office",
        step="R9",
        zh="批注处理",
        en="Comment settled",
        about_zh="批注已处理，或者重新提出。",
        about_en="A comment was settled or opened again.",
        tags=("case",),
    )

    comment_id: Annotated[Id, says("批注编号", "id of the comment")]
    case_id: Annotated[Id, says("案件编号", "case that it is about")]
    state: Annotated[Literal["resolved", "reopened"], says("处理结果", "what became of it")]
    reason: Annotated[Line | UnsetType, says("说明", "why, in a sentence")] = UNSET
    officer: Annotated[Ref, says("处理人", "officer id of who settled it")]
    settled_at: Annotated[Instant, says("处理时刻", "instant at which it was settled, ms")]


TYPES: Final[tuple[type[Body], ...]] = (CommentMade, CommentSettled)
"""The types of this module, in the order of the process."""
