#include "gif/totals.h"

#include "tables/address.h"
#include "tables/log.h"

/* Longest domain name that is shown in the table; its columns stay in line up to here. */
#define NAME_WIDTH_MAX 60

struct GifTotals {
    const TblDomains *domains;
    GHashTable *by_domain; /* canonical domain or "TYPE:" -> GifTotal * */
    GifTotal others;
    guint undeclared;
    guint64 promoted; /* of all domains */
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
