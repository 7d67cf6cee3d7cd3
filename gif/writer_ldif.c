#include "gif/writer_format.h"

#include "tables/slice.h"

/* Where a line is folded (RFC 2849 note 2). */
#define LINE_CHARS_MAX 76

/* Active Directory's name of each text, ours where it has none. */
static const char *const text_names[TBL_TEXT_COUNT] = {
    [TBL_TEXT_DISPLAY] = "displayName",
    [TBL_TEXT_ALIAS] = "mailNickname",
    [TBL_TEXT_FIRST] = "givenName",
    [TBL_TEXT_LAST] = "sn",
    [TBL_TEXT_INITIALS] = "initials",
    [TBL_TEXT_ACCOUNT] = "policydAccount",
    [TBL_TEXT_HOME_SERVER] = "msExchHomeServerName",
    [TBL_TEXT_FORWARD] = "altRecipient",
    [TBL_TEXT_CONTAINER] = "policydContainer",
};

static const char *const refs_names[TBL_REFS_COUNT] = {
    [TBL_REFS_MEMBERS] = "member",
    [TBL_REFS_ACCEPT_FROM] = "authOrig",
    [TBL_REFS_REJECT_FROM] = "unauthOrig",
    [TBL_REFS_ACCEPT_FROM_DL] = "dLMemSubmitPerms",
    [TBL_REFS_REJECT_FROM_DL] = "dLMemRejectPerms",
};

/* The names under which import files bring what is only kept. */
static const struct {
    const char *other, *attribute;
} other_names[] = {
    {"Delivery-Mechanism", "deliveryMechanism"},
    {"Protocol-Settings", "protocolSettings"},
    {"Title", "title"},
    {"Company", "company"},
    {"Department", "department"},
    {"Physical-Delivery-Office-Name", "physicalDeliveryOfficeName"},
    {"Telephone-Office1", "telephoneNumber"},
    {"Telephone-Fax", "facsimileTelephoneNumber"},
    {"Telephone-Mobile", "mobile"},
    {"Street-Address", "streetAddress"},
    {"Locality-Name", "l"},
    {"State-Or-Province-Name", "st"},
    {"Postal-Code", "postalCode"},
    {"Text-Country", "co"},
    {"Comment", "info"},
    {"Assistant-Name", "policydAssistant"},
    {"Manager", "manager"},
};

#define EXTENSION "Extension-Attribute-"

/* ---- Lines ---- */

/* A SAFE-STRING that also keeps its blank ends (RFC 2849 notes 4 and 8). */
static bool
is_safe(const char *value)
{
    size_t length = strlen(value);
    if (length == 0) {
        return true;
    }
    if (strchr(" :<", value[0]) || value[length - 1] == ' ') {
        return false;
    }
    for (const char *at = value; *at; at++) {
        if ((guchar)*at < ' ' || (guchar)*at >= 0x7f) {
            return false;
        }
    }
    return true;
}

static void
append_folded(GString *out, const char *line)
{
    size_t left = strlen(line), room = LINE_CHARS_MAX;
    while (left > room) {
        g_string_append_len(out, line, (gssize)room);
        g_string_append(out, "\n ");
        line += room;
        left -= room;
        room = LINE_CHARS_MAX - 1; /* the blank counts */
    }
    g_string_append_len(out, line, (gssize)left);
    g_string_append_c(out, '\n');
}

static void
append_value(GString *out, const char *attribute, const char *value)
{
    g_autofree char *line = NULL;
    if (is_safe(value)) {
        line = g_strconcat(attribute, ": ", value, NULL);
    } else {
        g_autofree char *encoded = g_base64_encode((const guchar *)value, strlen(value));
        line = g_strconcat(attribute, ":: ", encoded, NULL);
    }
    append_folded(out, line);
}

static void
append_switch(GString *out, const char *attribute, bool on)
{
    if (on) {
        append_value(out, attribute, "TRUE");
    }
}

static void
append_limit(GString *out, const char *attribute, gint64 limit)
{
    if (limit != TBL_LIMIT_NONE) {
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, limit);
        append_value(out, attribute, text);
    }
}

/* ---- Objects ---- */

/* `cn=NAME` with the escapes of RFC 4514; tools want a DN, the name itself is policydName. */
static void
append_dn(GString *out, const char *name)
{
    g_autoptr(GString) dn = g_string_new("cn=");
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        bool end =
            (i == 0 && (name[i] == ' ' || name[i] == '#')) || (i + 1 == length && name[i] == ' ');
        if (end || strchr(",+\"\\<>;=", name[i])) {
            g_string_append_c(dn, '\\');
        }
        g_string_append_c(dn, name[i]);
    }
    append_value(out, "dn", dn->str);
}

static void
append_class(GString *out, TblClass object_class)
{
    static const char *const names[] = {
        [TBL_CLASS_MAILBOX] = "user",
        [TBL_CLASS_REMOTE] = "contact",
        [TBL_CLASS_DL] = "group",
        [TBL_CLASS_PUBLIC_FOLDER] = "publicFolder",
    };
    append_value(out, "objectClass", names[object_class]);
}

static void
append_addresses(GString *out, const TblObject *object)
{
    for (guint i = 0; i < object->addresses->len; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        g_autofree char *type =
            proxy->primary ? g_ascii_strup(proxy->type, -1) : g_ascii_strdown(proxy->type, -1);
        g_autofree char *text = g_strconcat(type, ":", proxy->value, NULL);
        append_value(out, "proxyAddresses", text);
    }
    if (object->target) {
        g_autofree char *text = g_strconcat(object->target->type, ":", object->target->value, NULL);
        append_value(out, "targetAddress", text);
    }
}

static void
append_other(GString *out, const char *name, const char *value)
{
    g_autofree char *extension = NULL;
    const char *attribute = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(other_names); i++) {
        if (g_str_equal(other_names[i].other, name)) {
            attribute = other_names[i].attribute;
        }
    }
    if (g_str_has_prefix(name, EXTENSION)) {
        extension = g_strconcat("extensionAttribute", name + strlen(EXTENSION), NULL);
        attribute = extension;
    }
    append_value(out, attribute ? attribute : name, value);
}

void
gif_writer_ldif_begin(GString *out)
{
    g_string_append(out, "version: 1\n");
}

void
gif_writer_ldif_add(const TblObject *object, GString *out)
{
    g_string_append_c(out, '\n');
    append_dn(out, object->name);
    append_class(out, object->object_class);
    append_value(out, "policydName", object->name);
    append_addresses(out, object);
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        if (object->text[i]) {
            append_value(out, text_names[i], object->text[i]);
        }
    }
    for (guint i = 0; i < TBL_REFS_COUNT; i++) {
        for (guint j = 0; refs_names[i] && j < object->refs[i]->len; j++) {
            append_value(out, refs_names[i], g_ptr_array_index(object->refs[i], j));
        }
    }
    append_switch(out, "msExchHideFromAddressLists", object->hidden);
    append_switch(out, "deliverAndRedirect", object->deliver_and_redirect);
    append_switch(out, "msExchRequireAuthToSendTo", object->authenticated_only);
    append_limit(out, "delivContLength", object->limit_in);
    append_limit(out, "submissionContLength", object->limit_out);
    for (guint i = 0; i + 1 < object->other->len; i += 2) {
        append_other(out, g_ptr_array_index(object->other, i),
                     g_ptr_array_index(object->other, i + 1));
    }
}
