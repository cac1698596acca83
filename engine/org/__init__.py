"""What an organization owns, as rules without rows: pure, above ``flows`` and ``media`` alone.

- ``organization``  name, country, zone, currency; roles
- ``plan``          the limits of each plan
- ``phone``         typed number → E.164, or the reason why not; its country, its zones
- ``numbering``     the plain numbers, without libphonenumber's parser
- ``holiday``       the days a country has off
- ``attribute``     custom attributes: slug, type, checked value
- ``contact``       the body of a contact → its columns
- ``audience``      rules: checked, and decided for one contact
- ``ingestion``     a CSV file → rows → contacts
- ``dictionary``    the ids of system dictionaries
- ``trunk``         what the operator says of a line to a carrier
- ``password``      how passwords are kept
- ``secret``        the installation's secret: keys derived from it, texts sealed with one
- ``wire``          instants, and what "not given" means in a change

``engine.store`` keeps these nouns, ``api`` serves them, each in a module of the same name.
"""

from __future__ import annotations

from engine.org.attribute import AttributeType
from engine.org.audience import AudienceType, Group, Rule, RuleOperator, check_rules, holds
from engine.org.contact import ContactChange, NewContact
from engine.org.holiday import is_public_holiday
from engine.org.organization import NewOrganization, OrganizationStatus, Role
from engine.org.phone import country_of, normalise, zones_of
from engine.org.plan import Limit, Plan, PlanLimits, limit_reached

__all__ = [
    "AttributeType",
    "AudienceType",
    "ContactChange",
    "Group",
    "Limit",
    "NewContact",
    "NewOrganization",
    "OrganizationStatus",
    "Plan",
    "PlanLimits",
    "Role",
    "Rule",
    "RuleOperator",
    "check_rules",
    "country_of",
    "holds",
    "is_public_holiday",
    "limit_reached",
    "normalise",
    "zones_of",
]
