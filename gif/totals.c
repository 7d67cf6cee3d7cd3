#include "gif/totals.h"

#include "tables/address.h"
#include "tables/append.h"
#include "tables/log.h"
#include "tables/object_brief.h"

/* Longest domain name that is shown in the table; its columns stay in line up to here. */
#define NAME_WIDTH_MAX 60

/* Domains that were counted last, found by a few bytes of their names. */
#define RECENT 4096
/* 2^64 over the golden ratio: the upper bits of a product depend on all bits. */
#define HASH_FACTOR G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)
#define HASH_SHIFT 40

typedef struct {
    GifTotal *total;
    gsize length; /* of its name */
} Recent;

struct GifTotals {
    const TblDomains *domains;
    GHashTable *by_domain; /* canonical domain or "TYPE:" -> GifTotal * */
    GifTotal others;
    guint undeclared;
    guint64 promoted; /* of all domains */
    Recent recent[RECENT];
};

static void
total_free(gpointer data)
{
    GifTotal *total = data;
    g_free((char *)total->domain);
    g_free(total);
}

GifTotals *
gif_totals_new(const TblDomains *domains)
{
    GifTotals *totals = g_new0(GifTotals, 1);
    totals->domains = domains;
    totals->by_domain = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, total_free);
    return totals;
}

void
gif_totals_free(GifTotals *totals)
{
    if (totals) {
        g_hash_table_unref(totals->by_domain);
        g_free(totals);
    }
}

/* The total of a canonical domain or a "TYPE:". */
static GifTotal *
total_get(GifTotals *totals, const char *name)
{
    GifTotal *total = g_hash_table_lookup(totals->by_domain, name);
    if (total) {
        return total;
    }
    const TblDomain *declared = totals->domains ? tbl_domains_find(totals->domains, name) : NULL;
    /* Subdomains of one declaration are as many as somebody writes. */
    bool exact = declared && declared->name[0] != '.';
    if (!exact && totals->undeclared == GIF_TOTALS_DOMAINS_KEPT) {
        return &totals->others;
    }
    totals->undeclared += !exact;
    total = g_new0(GifTotal, 1);
    total->domain = g_strdup(name);
    total->class_name =
        declared ? tbl_domain_class_name(tbl_domains_class(totals->domains, declared)) : NULL;
    g_hash_table_insert(totals->by_domain, (char *)total->domain, total);
    return total;
}

static GifTotal *
proxy_total(GifTotals *totals, TblProxy *proxy)
{
    /* The key holds the canonical domain. */
    const char *key = tbl_proxy_own_key(proxy);
    const char *at = key && strcmp(proxy->type, "SMTP") == 0 ? strrchr(key, '@') : NULL;
    if (at) {
        return total_get(totals, at + 1);
    }
    g_autofree char *name = g_strconcat(proxy->type, ":", NULL);
    return total_get(totals, name);
}

void
gif_totals_add(GifTotals *totals, const TblChange *change)
{
    for (guint i = 0; i < change->added->len; i++) {
        proxy_total(totals, g_ptr_array_index(change->added, i))->added++;
    }
    for (guint i = 0; i < change->removed->len; i++) {
        proxy_total(totals, g_ptr_array_index(change->removed, i))->removed++;
    }
    for (guint i = 0; i < change->promoted->len; i++) {
        proxy_total(totals, g_ptr_array_index(change->promoted, i))->promoted++;
    }
    totals->promoted += change->promoted->len;
}

static guint64
bytes_read(const char *at, gsize length)
{
    guint64 bytes = 0;
    if (length == sizeof bytes) {
        memcpy(&bytes, at, sizeof bytes);
    } else {
        memcpy(&bytes, at, length);
    }
    return bytes;
}

/* Where a name is looked for: any function would do whose values differ for names that are alike.
 */
static Recent *
recent_of(GifTotals *totals, TblSlice name)
{
    gsize length = MIN(name.len, sizeof(guint64));
    guint64 first = bytes_read(name.ptr, length);
    guint64 last = bytes_read(name.ptr + name.len - length, length);
    guint64 hash = (first ^ (last << 7 | last >> 57) ^ name.len) * HASH_FACTOR;
    return &totals->recent[(hash >> HASH_SHIFT) % RECENT];
}

/* NULL: it was not asked for lately. */
static GifTotal *
recent_find(GifTotals *totals, TblSlice name)
{
    const Recent *recent = recent_of(totals, name);
    bool found = recent->total && recent->length == name.len &&
                 memcmp(recent->total->domain, name.ptr, name.len) == 0;
    return found ? recent->total : NULL;
}

/* As proxy_total, for who asks for a few domains a million times. */
static GifTotal *
address_total(GifTotals *totals, TblSlice type, TblSlice value)
{
    char other[TBL_PROXY_TYPE_MAX + 1];
    const char *at =
        tbl_slice_equal(type, tbl_slice("SMTP")) ? memrchr(value.ptr, '@', value.len) : NULL;
    TblSlice name = {NULL, 0};
    if (at) {
        name = (TblSlice){at + 1, (gsize)(value.ptr + value.len - at - 1)};
    } else if (type.len < sizeof(other)) {
        *tbl_append_put(other, type) = ':';
        name = (TblSlice){other, type.len + 1};
    }
    GifTotal *total = name.len > 0 ? recent_find(totals, name) : NULL;
    if (!total) {
        g_autoptr(TblProxy) proxy = tbl_proxy_new(type, value, false);
        total = proxy_total(totals, proxy);
        if (total->domain) {
            TblSlice kept = tbl_slice(total->domain);
            *recent_of(totals, kept) = (Recent){total, kept.len};
        }
    }
    return total;
}

bool
gif_totals_add_created(GifTotals *totals, TblSlice encoded)
{
    TblSkim skim;
    TblSlice type, value;
    bool primary;
    tbl_skim_begin(&skim, encoded);
    while (tbl_skim_address(&skim, &type, &value, &primary)) {
        address_total(totals, type, value)->added++;
    }
    return !skim.cursor.broken;
}

bool
gif_totals_merge(GifTotals *totals, const GifTotals *other)
{
    GHashTableIter iter;
    gpointer item;
    g_hash_table_iter_init(&iter, other->by_domain);
    while (g_hash_table_iter_next(&iter, NULL, &item)) {
        const GifTotal *from = item;
        GifTotal *total = total_get(totals, from->domain);
        total->added += from->added;
        total->removed += from->removed;
        total->promoted += from->promoted;
    }
    totals->promoted += other->promoted;
    return gif_total_sum(&totals->others) == 0 && gif_total_sum(&other->others) == 0;
}

guint64
gif_total_sum(const GifTotal *total)
{
    return total->added + total->removed + total->promoted;
}

const char *
gif_total_standing(const GifTotal *total)
{
    if (total->class_name) {
        return total->class_name;
    }
    return total->domain && strchr(total->domain, ':') ? "no mail domain" : "not declared";
}

static int
total_compare(gconstpointer a, gconstpointer b)
{
    const GifTotal *x = *(const GifTotal *const *)a, *y = *(const GifTotal *const *)b;
    guint64 left = gif_total_sum(x), right = gif_total_sum(y);
    return left != right ? (left < right ? 1 : -1) : strcmp(x->domain, y->domain);
}

GPtrArray *
gif_totals_list(const GifTotals *totals)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer total;
    g_hash_table_iter_init(&iter, totals->by_domain);
    while (g_hash_table_iter_next(&iter, NULL, &total)) {
        g_ptr_array_add(list, total);
    }
    g_ptr_array_sort(list, total_compare);
    if (gif_total_sum(&totals->others) > 0) {
        g_ptr_array_add(list, (gpointer)&totals->others);
    }
    return list;
}

guint64
gif_totals_promoted(const GifTotals *totals)
{
    return totals->promoted;
}

void
gif_totals_write_text(const GifTotals *totals, GString *out)
{
    g_autoptr(GPtrArray) list = gif_totals_list(totals);
    int width = 0;
    for (guint i = 0; i < list->len; i++) {
        const GifTotal *total = g_ptr_array_index(list, i);
        width = MAX(width, total->domain ? (int)MIN(strlen(total->domain), NAME_WIDTH_MAX) : 0);
    }
    if (list->len > 0) {
        g_string_append(out, "addresses of each domain (+ added, - removed, ^ promoted):\n");
    }
    for (guint i = 0; i < list->len; i++) {
        const GifTotal *total = g_ptr_array_index(list, i);
        g_autofree char *domain = tbl_log_escape(
            tbl_slice(total->domain ? total->domain : "all other domains"), TBL_ADDRESS_MAX);
        g_string_append_printf(out,
                               "  %-*s  %-15s  +%" G_GUINT64_FORMAT " -%" G_GUINT64_FORMAT
                               " ^%" G_GUINT64_FORMAT "\n",
                               width, domain, gif_total_standing(total), total->added,
                               total->removed, total->promoted);
    }
}
