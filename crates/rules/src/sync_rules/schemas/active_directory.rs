//! The attributes of Active Directory and Samba that rules read: the base schema (MS-ADA1 to MS-ADA3, MS-ADSC), what
//! Exchange and Skype for Business add to it. Whether an attribute is single-valued is the directory's own word
//! (`isSingleValued`), so that an expression over `[title]` needs to choose no value.

use super::{DN, SOURCE_ANCHOR};
use crate::expr::{AttributeType, Schema};

const TEXT: &str = "adminDescription adminDisplayName c canonicalName cn co comment company department displayName \
    displayNamePrintable division dNSHostName employeeID employeeNumber employeeType extensionAttribute1 \
    extensionAttribute2 extensionAttribute3 extensionAttribute4 extensionAttribute5 extensionAttribute6 \
    extensionAttribute7 extensionAttribute8 extensionAttribute9 extensionAttribute10 extensionAttribute11 \
    extensionAttribute12 extensionAttribute13 extensionAttribute14 extensionAttribute15 facsimileTelephoneNumber \
    generationQualifier givenName homeDirectory homeDrive homePhone homePostalAddress info initials ipPhone l \
    legacyExchangeDN mail mailNickname middleName mobile msDS-cloudExtensionAttribute1 \
    msDS-cloudExtensionAttribute2 msDS-cloudExtensionAttribute3 msDS-cloudExtensionAttribute4 \
    msDS-cloudExtensionAttribute5 msDS-cloudExtensionAttribute6 msDS-cloudExtensionAttribute7 \
    msDS-cloudExtensionAttribute8 msDS-cloudExtensionAttribute9 msDS-cloudExtensionAttribute10 \
    msDS-cloudExtensionAttribute11 msDS-cloudExtensionAttribute12 msDS-cloudExtensionAttribute13 \
    msDS-cloudExtensionAttribute14 msDS-cloudExtensionAttribute15 msDS-cloudExtensionAttribute16 \
    msDS-cloudExtensionAttribute17 msDS-cloudExtensionAttribute18 msDS-cloudExtensionAttribute19 \
    msDS-cloudExtensionAttribute20 msDS-ExternalDirectoryObjectId msDS-PhoneticDisplayName msExchAssistantName \
    msExchHomeServerName msExchImmutableId msExchLitigationHoldOwner msExchResourceDisplay msExchRetentionComment \
    msExchRetentionURL msExchTeamMailboxSharePointUrl msExchUsageLocation msRTCSIP-DeploymentLocator msRTCSIP-Line \
    msRTCSIP-OwnerUrn msRTCSIP-PrimaryUserAddress name operatingSystem operatingSystemVersion pager personalTitle \
    physicalDeliveryOfficeName postalCode preferredLanguage primaryInternationalISDNNumber primaryTelexNumber \
    profilePath sAMAccountName scriptPath sn st street streetAddress targetAddress telephoneAssistant \
    telephoneNumber title userPrincipalName userWorkstations wWWHomePage";

const TEXTS: &str = "altSecurityIdentities businessCategory carLicense departmentNumber description extensionName \
    houseIdentifier labeledURI msDS-KeyCredentialLink msExchArchiveName msExchExtensionCustomAttribute1 \
    msExchExtensionCustomAttribute2 msExchExtensionCustomAttribute3 msExchExtensionCustomAttribute4 \
    msExchExtensionCustomAttribute5 msExchPoliciesExcluded msExchPoliciesIncluded msExchResourceMetaData \
    msExchResourceSearchProperties msExchSenderHintTranslations msExchUserHoldPolicies o objectClass \
    otherFacsimileTelephoneNumber otherHomePhone otherIpPhone otherMailbox otherMobile otherPager otherTelephone ou \
    postalAddress postOfficeBox protocolSettings proxyAddresses registeredAddress roomNumber servicePrincipalName \
    uid url";

const NUMBER: &str = "accountExpires adminCount badPwdCount codePage countryCode gidNumber groupType instanceType \
    lastLogon lastLogonTimestamp lockoutTime logonCount mDBStorageQuota msDS-HABSeniorityIndex \
    msDS-SupportedEncryptionTypes msDS-User-Account-Control-Computed msExchAuditAdmin msExchAuditDelegate \
    msExchAuditDelegateAdmin msExchAuditOwner msExchELCMailboxFlags msExchGroupDepartRestriction \
    msExchGroupJoinRestriction msExchMailboxAuditLogAgeLimit msExchModerationFlags msExchRecipientDisplayType \
    msExchRecipientTypeDetails msExchRemoteRecipientType msExchResourceCapacity msExchUserAccountControl \
    msExchVersion msRTCSIP-ApplicationOptions msRTCSIP-OptionFlags primaryGroupID pwdLastSet sAMAccountType \
    uidNumber userAccountControl uSNChanged uSNCreated";

const BOOLEAN: &str = "hideDLMembership isCriticalSystemObject isDeleted mDBUseDefaults msExchBypassAudit \
    msExchEnableModeration msExchHideFromAddressLists msExchMailboxAuditEnable msExchRequireAuthToSendTo \
    msNPAllowDialin msOrg-IsOrganizational msRTCSIP-UserEnabled oOFReplyToOriginator reportToOriginator \
    reportToOwner showInAdvancedViewOnly";

const DATE: &str = "createTimestamp modifyTimestamp msExchELCExpirySuspensionEnd msExchELCExpirySuspensionStart \
    msExchLitigationHoldDate msExchTeamMailboxExpiration msExchWhenMailboxCreated whenChanged whenCreated";

const BINARY: &str = "logonHours mS-DS-ConsistencyGuid mS-DS-CreatorSID msExchArchiveGUID msExchBlockedSendersHash \
    msExchMailboxGuid msExchMasterAccountSid msExchSafeRecipientsHash msExchSafeSendersHash msRTCSIP-OriginatorSid \
    objectGUID objectSid thumbnailPhoto";

const BINARIES: &str = "jpegPhoto photo sIDHistory userCertificate userSMIMECertificate";

const REFERENCE: &str = "altRecipient assistant distinguishedName homeMDB managedBy manager objectCategory";

const REFERENCES: &str = "altRecipientBL authOrig authOrigBL directReports dLMemRejectPerms dLMemRejectPermsBL \
    dLMemSubmitPerms dLMemSubmitPermsBL managedObjects member memberOf msExchBypassModerationFromDLMembersBL \
    msExchBypassModerationFromDLMembersLink msExchBypassModerationLink msExchCoManagedByLink \
    msExchDelegateListBL msExchDelegateListLink msExchModeratedByLink msExchTeamMailboxOwners \
    msExchTeamMailboxSharePointLinkedBy msRTCSIP-PrimaryHomeServer publicDelegates publicDelegatesBL secretary \
    seeAlso showInAddressBook unauthOrig unauthOrigBL";

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
    let every = Schema::with_standard_parameters().attribute(DN, AttributeType::Reference, false).attribute(
        SOURCE_ANCHOR,
        AttributeType::Text,
        false,
    );
    super::with_lists(every, LISTS)
}
