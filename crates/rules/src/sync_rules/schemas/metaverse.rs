//! The attributes of the metaverse, one list for all sources. Some of them no cloud object has a property for yet:
//! they are kept all the same, because rules of the admin read them and targets to come will.

use crate::expr::{AttributeType, Schema};

const TEXT: &str = "accountName c cn co company contributingConnectorExchange contributingConnectorUser department \
    description displayName distinguishedName domainFQDN domainNetBios employeeID employeeType extensionAttribute1 \
    extensionAttribute2 extensionAttribute3 extensionAttribute4 extensionAttribute5 extensionAttribute6 \
    extensionAttribute7 extensionAttribute8 extensionAttribute9 extensionAttribute10 extensionAttribute11 \
    extensionAttribute12 extensionAttribute13 extensionAttribute14 extensionAttribute15 facsimileTelephoneNumber \
    forestFQDN forestNetBios givenName info initials ipPhone l legacyExchangeDN mail mailNickname middleName mobile \
    msDS-PhoneticDisplayName msExchAssistantName msExchImmutableId msExchLitigationHoldOwner msExchResourceDisplay \
    msExchRetentionComment msExchRetentionURL msExchTeamMailboxSharePointUrl msRTCSIP-DeploymentLocator \
    msRTCSIP-Line msRTCSIP-OwnerUrn msRTCSIP-PrimaryUserAddress objectSidString onPremisesObjectIdentifier \
    onPremisesUserPrincipalName pager physicalDeliveryOfficeName postOfficeBox postalCode preferredLanguage \
    pwdLastSet sn sourceAnchor sourceObjectType st streetAddress targetAddress telephoneAssistant title url \
    usageLocation userPrincipalName wWWHomePage";

const TEXTS: &str = "homePhone memberUid msDS-KeyCredentialLink msExchArchiveName msExchExtensionCustomAttribute1 \
    msExchExtensionCustomAttribute2 msExchExtensionCustomAttribute3 msExchExtensionCustomAttribute4 \
    msExchExtensionCustomAttribute5 msExchResourceMetaData msExchResourceSearchProperties \
    msExchSenderHintTranslations msExchUserHoldPolicies otherFacsimileTelephoneNumber otherHomePhone otherIpPhone \
    otherMobile otherPager otherTelephone proxyAddresses telephoneNumber";

const NUMBER: &str = "countryCode memberCount msDS-HABSeniorityIndex msExchAuditAdmin msExchAuditDelegate \
    msExchAuditDelegateAdmin msExchAuditOwner msExchELCMailboxFlags msExchGroupDepartRestriction \
    msExchGroupJoinRestriction msExchMailboxAuditLogAgeLimit msExchModerationFlags msExchRecipientDisplayType \
    msExchRecipientTypeDetails msExchRemoteRecipientType msExchResourceCapacity msRTCSIP-ApplicationOptions \
    msRTCSIP-OptionFlags";

const BOOLEAN: &str = "accountEnabled cloudFiltered hideDLMembership mailEnabled msExchBypassAudit \
    msExchEnableModeration msExchHideFromAddressLists msExchMailboxAuditEnable msExchRequireAuthToSendTo \
    msOrg-IsOrganizational msRTCSIP-UserEnabled oOFReplyToOriginator reportToOriginator reportToOwner \
    securityEnabled";

const DATE: &str = "employeeLeaveDateTime msExchELCExpirySuspensionEnd msExchELCExpirySuspensionStart \
    msExchLitigationHoldDate msExchTeamMailboxExpiration";

const BINARY: &str = "msExchArchiveGUID msExchBlockedSendersHash msExchMailboxGuid msExchMasterAccountSid \
    msExchSafeRecipientsHash msExchSafeSendersHash msRTCSIP-OriginatorSid objectSid sourceAnchorBinary \
    thumbnailPhoto";

const BINARIES: &str = "userCertificate userSMIMECertificate";

const REFERENCE: &str = "altRecipient assistant managedBy";

const REFERENCES: &str = "authOrig dLMemRejectPerms dLMemSubmitPerms manager member \
    msExchBypassModerationFromDLMembersLink msExchBypassModerationLink msExchCoManagedByLink \
    msExchDelegateListLink msExchModeratedByLink msExchTeamMailboxOwners msExchTeamMailboxSharePointLinkedBy \
    publicDelegates unauthOrig";

/// Each list with its type and whether an attribute can have several values.
const LISTS: &[(&str, AttributeType, bool)] = &[
    (TEXT, AttributeType::Text, false),
    (TEXTS, AttributeType::Text, true),
    (NUMBER, AttributeType::Number, false),
    (BOOLEAN, AttributeType::Boolean, false),
    (DATE, AttributeType::Date, false),
    (BINARY, AttributeType::Binary, false),
    (BINARIES, AttributeType::Binary, true),
    (REFERENCE, AttributeType::Reference, false),
    (REFERENCES, AttributeType::Reference, true),
];

/// The schema, with the standard parameters.
pub(super) fn schema() -> Schema {
    super::with_lists(Schema::with_standard_parameters(), LISTS)
}
