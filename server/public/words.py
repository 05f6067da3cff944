"""What codes of published records mean, in words: subjects, kinds of penalty, statuses, columns, sections, figures.

English stands here, Chinese in the catalogue. Invariant: a code without a word is shown as it is, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from server.web.i18n import N_, Texts

SUBJECTS: Final[Mapping[str, str]] = {
    "penalty": N_("Administrative penalty"),
    "inspection": N_("Inspection result"),
    "compulsory_measure": N_("Compulsory measure"),
    "random_selection": N_("Random inspection"),
    "officers": N_("List of enforcement officers"),
    "other": N_("Other enforcement decision"),
}
PARTY_TYPES: Final[Mapping[str, str]] = {
    "organisation": N_("Legal person or other organisation"),
    "person": N_("Natural person"),
    "self_employed": N_("Self-employed business"),
}
STATUSES: Final[Mapping[str, str]] = {
    "published": N_("Published"),
    "corrected": N_("Corrected"),
    "withdrawn": N_("Withdrawn"),
    "expired": N_("Publication ended"),
}
COLOURS: Final[Mapping[str, str]] = {"published": "ok", "corrected": "info", "withdrawn": "bad", "expired": "warn"}
GROUNDS: Final[Mapping[str, str]] = {
    "altered": N_("The decision was changed, revoked or declared unlawful or invalid"),
    "expired": N_("The period of publication is over"),
    "error": N_("The publication was an error"),
    "repaired": N_("The credit of the party was repaired"),
    "secrecy": N_("Reasons of secrecy"),
    "other": N_("Another reason"),
}
KINDS: Final[Mapping[str, str]] = {
    "P01": N_("warning"),
    "P02": N_("circulated criticism"),
    "P03": N_("fine"),
    "P04": N_("confiscation of illegal income"),
    "P05": N_("confiscation of illegal property"),
    "P06": N_("suspension of a licence"),
    "P07": N_("lowered qualification"),
    "P08": N_("revocation of a licence"),
    "P09": N_("restricted operations"),
    "P10": N_("stop of production or business"),
    "P11": N_("closure"),
    "P12": N_("practice restriction"),
    "P13": N_("detention (police only)"),
    "P99": N_("other penalty"),
}
COLUMNS: Final[Mapping[str, str]] = {
    "CF_XDR_MC": N_("Name of the party"),
    "CF_XDR_LB": N_("Class of the party"),
    "CF_XDR_SHXYM": N_("Unified social credit code of the party"),
    "CF_XDR_GSZC": N_("Business registration number"),
    "CF_XDR_ZZJG": N_("Organisation code"),
    "CF_XDR_SWDJ": N_("Tax registration number"),
    "CF_XDR_SYDW": N_("Certificate number of a public institution"),
    "CF_XDR_SHZZ": N_("Registration number of a social organisation"),
    "CF_FRDB": N_("Legal representative"),
    "CF_FR_ZJHM": N_("Identity paper of the legal representative"),
    "CF_XDR_ZJHM": N_("Identity paper of the party"),
    "CF_WSH": N_("Number of the decision"),
    "CF_WFXW": N_("Type of violation"),
    "CF_SY": N_("Facts of the violation"),
    "CF_YJ": N_("Legal basis"),
    "CF_CFLB": N_("Kinds of penalty"),
    "CF_NR": N_("Content of the penalty"),
    "CF_NR_FK": N_("Fine (10,000 yuan)"),
    "CF_NR_WFFF": N_("Confiscated income and property (10,000 yuan)"),
    "CF_NR_ZKDX": N_("Licence suspended or revoked, and its number"),
    "CF_JDRQ": N_("Day of the decision"),
    "CF_YXQ": N_("Penalty valid until"),
    "CF_GSJZQ": N_("Published until"),
    "CF_CFJG": N_("Agency"),
    "CF_CFJGDM": N_("Unified social credit code of the agency"),
    "CF_SJLY": N_("Source of the data"),
    "CF_SJLYDM": N_("Unified social credit code of the source"),
    "BZ": N_("Remarks"),
    "JC_DX": N_("Who was inspected"),
    "JC_DX_SHXYM": N_("Unified social credit code of the inspected"),
    "JC_LX": N_("Type of inspection"),
    "JC_RQ": N_("Day of the inspection"),
    "JC_JG": N_("Result of the inspection"),
    "JC_GSJZQ": N_("Published until"),
    "JC_JGMC": N_("Agency"),
    "JC_JGDM": N_("Unified social credit code of the agency"),
    "QZ_XDR_MC": N_("Name of the party"),
    "QZ_XDR_LB": N_("Class of the party"),
    "QZ_XDR_SHXYM": N_("Unified social credit code of the party"),
    "QZ_WSH": N_("Number of the decision"),
    "QZ_LX": N_("Kind of measure"),
    "QZ_YJ": N_("Legal basis"),
    "QZ_RQ": N_("Day of the decision"),
    "QZ_QX": N_("Ends on"),
    "QZ_JCRQ": N_("Lifted on"),
    "QZ_GSJZQ": N_("Published until"),
    "QZ_JGMC": N_("Agency"),
    "QZ_JGDM": N_("Unified social credit code of the agency"),
    "SJ_MC": N_("Name of the draw"),
    "SJ_JD": N_("Stage"),
    "SJ_BH": N_("Id of the draw"),
    "SJ_CQRQ": N_("Day of the draw"),
    "SJ_CQS": N_("Enterprises drawn"),
    "SJ_MZRS": N_("Officers for each"),
    "SJ_JG": N_("Result of the draw"),
    "SJ_GKSLY": N_("Which public number is mixed in"),
    "SJ_GKS": N_("Public number"),
    "SJ_SF": N_("Algorithm"),
    "SJ_CN": N_("Commitment to the secret"),
    "SJ_ZZ": N_("Secret"),
    "SJ_DXMLZY": N_("Pool of enterprises (SHA-256)"),
    "SJ_RYMLZY": N_("Pool of officers (SHA-256)"),
    "SJ_JGWJ": N_("File with the result (SHA-256)"),
    "SJ_GSJZQ": N_("Published until"),
    "SJ_JGMC": N_("Agency"),
    "SJ_JGDM": N_("Unified social credit code of the agency"),
    "RY_BT": N_("Name of the list"),
    "RY_RQ": N_("As of"),
    "RY_S": N_("How many"),
    "RY_MD": N_("Enforcement officers"),
    "RY_MDWJ": N_("File with the list (SHA-256)"),
    "RY_GSJZQ": N_("Published until"),
    "RY_JGMC": N_("Agency"),
    "RY_JGDM": N_("Unified social credit code of the agency"),
}
PAPERS: Final = frozenset({"CF_FR_ZJHM", "CF_XDR_ZJHM"})
"""Columns of identity papers, which are never published."""
SECTIONS: Final[Mapping[str, str]] = {
    "mandate": N_("Mandate, powers and responsibilities"),
    "officer": N_("Enforcement officers"),
    "catalogue": N_("Catalogues of matters, legal review and recording"),
    "benchmark": N_("Benchmarks of discretion"),
    "rule": N_("Periods and standards of its own"),
    "random_selection": N_("Random-inspection results"),
}
CONTENT: Final[Mapping[str, str]] = {
    "title": N_("Title"),
    "name": N_("Name"),
    "version": N_("Version"),
    "since": N_("In force since"),
    "powers.items": N_("Matters"),
}
"""Names of the texts of a section."""
FIGURES: Final[Mapping[str, str]] = {
    "decided": N_("Decisions"),
    "due": N_("Penalties to be published"),
    "published": N_("Published"),
    "on_time": N_("of these published on time"),
    "late": N_("of these published late"),
    "overdue": N_("of these overdue, not published"),
    "result:due": N_("Other results to be published"),
    "result:on_time": N_("of these published on time"),
    "result:late": N_("of these published late"),
    "result:overdue": N_("of these overdue, not published"),
    "corrected": N_("Corrected"),
    "withdrawn": N_("Withdrawn"),
    "expired": N_("Publication ended"),
    "inspections": N_("Inspection results published"),
}


MOST_COMBINATIONS: Final = 1_000


class Words:
    """The words in one language, for templates."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._kinds: dict[tuple[str, ...], str] = {}

    def _of(self, table: Mapping[str, str], code: str) -> str:
        return self._texts.gettext(table[code]) if code in table else code

    def subject(self, code: str) -> str:
        """A subject."""
        return self._of(SUBJECTS, code)

    def party_type(self, code: str) -> str:
        """A class of party."""
        return self._of(PARTY_TYPES, code)

    def status(self, code: str) -> str:
        """A status of a record."""
        return self._of(STATUSES, code)

    def colour(self, code: str) -> str:
        """The class of a status' badge."""
        return COLOURS.get(code, "")

    def ground(self, code: str) -> str:
        """Why a record was withdrawn."""
        return self._of(GROUNDS, code)

    def kind(self, code: str) -> str:
        """A kind of penalty."""
        return self._of(KINDS, code)

    def kinds(self, codes: tuple[str, ...]) -> str:
        """Several kinds of penalty. There are few combinations, and every row of every list asks."""
        if codes not in self._kinds:
            if len(self._kinds) > MOST_COMBINATIONS:
                self._kinds.clear()
            self._kinds[codes] = self._texts.gettext(", ").join(self.kind(code) for code in codes)
        return self._kinds[codes]

    def column(self, code: str) -> str:
        """A column of a record, "" for an unknown one: its header is in the document."""
        return self._texts.gettext(COLUMNS[code]) if code in COLUMNS else ""

    def section(self, code: str) -> str:
        """A section of what an authority publishes beside records."""
        return self._of(SECTIONS, code)

    def content(self, name: str) -> str:
        """The name of a text in a section."""
        return self._of(CONTENT, name)

    def figure(self, code: str) -> str:
        """A figure of a year."""
        kind = code.removeprefix("kind:")
        return self.kind(kind) if kind != code else self._of(FIGURES, code)
