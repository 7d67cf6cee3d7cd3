#include "gif/ldap.h"

#define COLUMN GIF_ROLE_COLUMN

const GifAlias gif_ldap_aliases[] = {
    {"proxyAddresses", NULL, GIF_ROLE_ADDRESSES},
    {"proxyAddress", NULL, GIF_ROLE_ADDRESSES},
    {"mail", NULL, GIF_ROLE_MAIL},
    {"rfc822Mailbox", NULL, GIF_ROLE_MAIL},
    {"targetAddress", "target-address", COLUMN},
    {"displayName", "display-name", COLUMN},
    {"mailNickname", "mail-nickname", COLUMN},
    {"givenName", "given-name", COLUMN},
    {"sn", "surname", COLUMN},
    {"surname", "surname", COLUMN},
    {"initials", "initials", COLUMN},
    {"sAMAccountName", "assoc-nt-account", COLUMN},
    {"policydAccount", "assoc-nt-account", COLUMN},
    {"msExchHomeServerName", "home-server", COLUMN},
    {"policydContainer", "obj-container", COLUMN},
    {"altRecipient", "alt-recipient", COLUMN},
    {"deliverAndRedirect", "deliver-and-redirect", COLUMN},
    {"member", "member", COLUMN},
    {"uniqueMember", "member", COLUMN},
    {"authOrig", "auth-orig", COLUMN},
    {"unauthOrig", "unauth-orig", COLUMN},
    {"dLMemSubmitPerms", "dl-mem-submit-perms", COLUMN},
    {"dLMemRejectPerms", "dl-mem-reject-perms", COLUMN},
    {"msExchRequireAuthToSendTo", "require-auth-to-send-to", COLUMN},
    {"msExchHideFromAddressLists", "hide-from-address-book", COLUMN},
    {"delivContLength", "deliv-cont-length", COLUMN},
    {"submissionContLength", "submission-cont-length", COLUMN},
    {"title", "title", COLUMN},
    {"company", "company", COLUMN},
    {"department", "department", COLUMN},
    {"physicalDeliveryOfficeName", "physical-delivery-office-name", COLUMN},
    {"telephoneNumber", "telephone-office1", COLUMN},
    {"facsimileTelephoneNumber", "telephone-fax", COLUMN},
    {"mobile", "telephone-mobile", COLUMN},
    {"streetAddress", "street-address", COLUMN},
    {"l", "locality-name", COLUMN},
    {"st", "state-or-province-name", COLUMN},
    {"postalCode", "postal-code", COLUMN},
    {"co", "text-country", COLUMN},
    {"info", "comment", COLUMN},
    {"manager", "manager", COLUMN},
    {"policydAssistant", "assistant-name", COLUMN},
    {"delivery-Mechanism", "delivery-mechanism", COLUMN},
    {"deliveryMechanism", "delivery-mechanism", COLUMN},
    {"protocolSettings", "protocol-settings", COLUMN},
    {"extensionAttribute1", "extension-attribute-1", COLUMN},
    {"extensionAttribute2", "extension-attribute-2", COLUMN},
    {"extensionAttribute3", "extension-attribute-3", COLUMN},
    {"extensionAttribute4", "extension-attribute-4", COLUMN},
    {"extensionAttribute5", "extension-attribute-5", COLUMN},
    {"extensionAttribute6", "extension-attribute-6", COLUMN},
    {"extensionAttribute7", "extension-attribute-7", COLUMN},
    {"extensionAttribute8", "extension-attribute-8", COLUMN},
    {"extensionAttribute9", "extension-attribute-9", COLUMN},
    {"extensionAttribute10", "extension-attribute-10", COLUMN},
    {"extensionAttribute11", "extension-attribute-11", COLUMN},
    {"extensionAttribute12", "extension-attribute-12", COLUMN},
    {"extensionAttribute13", "extension-attribute-13", COLUMN},
    {"extensionAttribute14", "extension-attribute-14", COLUMN},
    {"extensionAttribute15", "extension-attribute-15", COLUMN},
    {NULL, NULL, COLUMN},
};

static bool
slice_is(TblSlice text, const char *word)
{
    return text.len == strlen(word) && g_ascii_strncasecmp(text.ptr, word, text.len) == 0;
}

static bool
slice_is_any(TblSlice text, const char *const *words)
{
    for (guint i = 0; words[i]; i++) {
        if (slice_is(text, words[i])) {
            return true;
        }
    }
    return false;
}

void
gif_ldap_facts_clear(GifLdapFacts *facts)
{
    g_free(facts->name);
    *facts = (GifLdapFacts){0};
}

static void
class_note(GifLdapFacts *facts, TblSlice name)
{
    static const char *const users[] = {"user",          "person",  "organizationalPerson",
                                        "inetOrgPerson", "mailbox", NULL};
    static const char *const contacts[] = {"contact", "remote-address", "remoteAddress",
                                           "custom-recipient", NULL};
    static const char *const groups[] = {"group",
                                         "groupOfNames",
                                         "groupOfUniqueNames",
                                         "distributionList",
                                         "distribution-list",
                                         "msExchDynamicDistributionList",
                                         NULL};
    static const char *const folders[] = {"publicFolder", "public-folder", NULL};
    static const char *const machines[] = {"computer", "msDS-ManagedServiceAccount", NULL};
    facts->classified = facts->classified || name.len > 0;
    facts->user = facts->user || slice_is_any(name, users);
    facts->contact = facts->contact || slice_is_any(name, contacts);
    facts->group = facts->group || slice_is_any(name, groups);
    facts->folder = facts->folder || slice_is_any(name, folders);
    facts->machine = facts->machine || slice_is_any(name, machines);
}

void
gif_ldap_facts_note(GifLdapFacts *facts, TblSlice attribute, TblSlice value)
{
    static const char *const homes[] = {"homeMDB", "msExchHomeServerName", NULL};
    static const char *const marks[] = {"legacyExchangeDN", "mailNickname", "msExchMailboxGuid",
                                        "textEncodedORAddress", NULL};
    if (value.len == 0) {
        return;
    }
    if (slice_is(attribute, "objectClass")) {
        class_note(facts, value);
    } else if (slice_is(attribute, "policydName")) {
        facts->own = true;
        g_free(facts->name);
        facts->name = g_strndup(value.ptr, value.len);
    } else {
        facts->home = facts->home || slice_is_any(attribute, homes);
        facts->mail = facts->mail || facts->home || slice_is_any(attribute, marks);
    }
}

void
gif_ldap_settle_stranger(GifEntry *entry, const char *why)
{
    entry->settled = true;
    gif_notes_add(entry->notes, GIF_INFO, GIF_CODE_NO_RECIPIENT, NULL, "%s", why);
}

void
gif_ldap_settle_class(const GifLdapFacts *facts, const GifCollector *collector, GifEntry *entry)
{
    bool target =
        gif_collector_has(collector, gif_collector_find(collector, tbl_slice("targetAddress")));
    bool addresses =
        gif_collector_has(collector, gif_collector_find(collector, tbl_slice("proxyAddresses"))) ||
        gif_collector_has(collector, gif_collector_find(collector, tbl_slice("mail")));
    bool member = gif_collector_has(collector, gif_collector_find(collector, tbl_slice("member")));
    bool recipient = target || addresses || facts->mail || facts->own;
    bool known = facts->user || facts->contact || facts->group || facts->folder;
    entry->certainty = GIF_CERTAIN;
    entry->exact = facts->own;
    if (facts->machine || (facts->classified && !known && !facts->own)) {
        gif_ldap_settle_stranger(entry, "no recipient by its class; left alone");
    } else if (!facts->classified && gif_collector_is_empty(collector)) {
        gif_ldap_settle_stranger(entry, "nothing that concerns mail; left alone");
    } else if (facts->folder) {
        entry->object_class = TBL_CLASS_PUBLIC_FOLDER;
    } else if (facts->group) {
        entry->object_class = TBL_CLASS_DL;
    } else if (facts->contact || (target && !facts->home)) {
        entry->object_class = TBL_CLASS_REMOTE;
    } else {
        entry->object_class = TBL_CLASS_MAILBOX;
        entry->certainty = facts->home ? GIF_CERTAIN : GIF_PERSON;
    }
    if (!facts->classified || !known) {
        entry->certainty = GIF_UNCERTAIN;
        entry->object_class = target ? TBL_CLASS_REMOTE : member ? TBL_CLASS_DL : TBL_CLASS_MAILBOX;
    }
    entry->unknown_is_stranger = !recipient;
}

TblSlice
gif_ldap_attribute(TblSlice name, bool *cut)
{
    static const char range[] = "range=";
    const char *option = memchr(name.ptr, ';', name.len);
    if (!option) {
        return name;
    }
    TblSlice bare = {name.ptr, (size_t)(option - name.ptr)};
    const char *end = name.ptr + name.len;
    while (option && option < end) {
        const char *next = memchr(option + 1, ';', (size_t)(end - option - 1));
        size_t length = (size_t)((next ? next : end) - option - 1);
        if (cut && length > strlen(range) &&
            g_ascii_strncasecmp(option + 1, range, strlen(range)) == 0) {
            *cut = *cut || option[length] != '*' || option[1 + strlen(range)] != '0';
        }
        option = next;
    }
    return bare;
}
