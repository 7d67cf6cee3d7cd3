#include "gif/unknown.h"

/* A star stands for any rest. What servers keep for themselves, and what describes a person rather
 * than how mail comes to them. */
static const char *const ldap_names[] = {
    "accountExpires",
    "adminCount",
    "adminDisplayName",
    "badPasswordTime",
    "badPwdCount",
    "c",
    "cn",
    "codePage",
    "countryCode",
    "createTimestamp",
    "creatorsName",
    "dSCorePropagationData",
    "dc",
    "description",
    "displayNamePrintable",
    "distinguishedName",
    "dn",
    "employee*",
    "entry*",
    "gidNumber",
    "groupType",
    "hasSubordinates",
    "homeDirectory",
    "homeDrive",
    "homeMDB",
    "homeMTA",
    "instanceType",
    "isCriticalSystemObject",
    "isDeleted",
    "jpegPhoto",
    "lastLogoff",
    "lastLogon*",
    "legacyExchangeDN",
    "lockoutTime",
    "loginShell",
    "logonCount",
    "logonHours",
    "mAPIRecipient",
    "mDBUseDefaults",
    "managedBy",
    "managedObjects",
    "memberOf",
    "modifiersName",
    "modifyTimestamp",
    "ms*",
    "nTSecurityDescriptor",
    "name",
    "o",
    "objectCategory",
    "objectClass",
    "objectGUID",
    "objectSid",
    "objectVersion",
    "ou",
    "personalTitle",
    "policydName",
    "primaryGroupID",
    "pwdLastSet",
    "replicat*",
    "reportToOriginator",
    "reportToOwner",
    "sAMAccountType",
    "scriptPath",
    "seeAlso",
    "servicePrincipalName",
    "showInAddressBook",
    "sIDHistory",
    "street",
    "structuralObjectClass",
    "subschemaSubentry",
    "textEncodedORAddress",
    "thumbnailPhoto",
    "uSN*",
    "uid",
    "uidNumber",
    "url",
    "userAccountControl",
    "userCertificate*",
    "userParameters",
    "userPassword",
    "userPrincipalName",
    "userSMIMECertificate",
    "wWWHomePage",
    "whenChanged",
    "whenCreated",
    NULL,
};

static const char *const powershell_names[] = {
    "AddressBookPolicy",
    "AddressListMembership",
    "AdminDisplayVersion",
    "Archive*",
    "Audit*",
    "BlockCredential",
    "Capabilities",
    "Database*",
    "DistinguishedName",
    "EmailAddressPolicyEnabled",
    "Exchange*",
    "ExpansionServer",
    "External*DirectoryObjectId",
    "Guid",
    "Has*",
    "Id",
    "Identity",
    "Immutable*",
    "Is*",
    "Languages",
    "LastDirSyncTime",
    "Licenses",
    "LitigationHold*",
    "Mailbox*",
    "ManagedBy",
    "ManagedFolderMailboxPolicy",
    "Name",
    "Object*",
    "Organization*",
    "OriginatingServer",
    "OtherTelephone",
    "OwaMailboxPolicy",
    "PS*",
    "PoliciesExcluded",
    "PoliciesIncluded",
    "Protocol*",
    "RecipientType*",
    "Recipient*Quota",
    "Retention*",
    "RunspaceId",
    "SKUAssigned",
    "ServerLegacyDN",
    "Sharing*",
    "ShouldUse*",
    "SimpleDisplayName",
    "SiloName",
    "StorageGroupName",
    "UM*",
    "UnifiedGroup*",
    "UsageLocation",
    "Use*",
    "UserPrincipalName",
    "UserType",
    "WasInactiveMailbox",
    "When*",
    "WindowsLiveID",
    NULL,
};

static bool
name_fits(TblSlice name, const char *pattern)
{
    const char *star = strchr(pattern, '*');
    size_t length = star ? (size_t)(star - pattern) : strlen(pattern);
    bool fits = star ? name.len >= length : name.len == length;
    if (!fits || g_ascii_strncasecmp(name.ptr, pattern, length) != 0) {
        return false;
    }
    size_t rest = star ? strlen(star + 1) : 0;
    return name.len >= length + rest &&
           g_ascii_strncasecmp(name.ptr + name.len - rest, star ? star + 1 : "", rest) == 0;
}

void
gif_unknown_note(GifUnknownKind kind, TblSlice name, const char *column, GHashTable *told,
                 GifNotes *notes)
{
    const char *const *quiet = kind == GIF_UNKNOWN_LDAP ? ldap_names : powershell_names;
    for (guint i = 0; quiet[i]; i++) {
        if (name_fits(name, quiet[i])) {
            return;
        }
    }
    g_autofree char *shown = g_strndup(name.ptr, MIN(name.len, 128));
    if (!told || g_hash_table_add(told, g_ascii_strdown(shown, -1))) {
        gif_notes_add(notes, GIF_WARNING, 264, column ? column : shown,
                      "attribute \"%s\" is unknown and ignored", shown);
    }
}
