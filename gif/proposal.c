#include "gif/proposal.h"

#include "gif/attributes.h"
#include "tables/key_index.h"
#include "tables/object_plain.h"

/* More addresses are compared with each other in another way (gif/index). */
#define ADDRESSES_MAX 32
/* Longer objects are few; a draft does not take them this way. */
#define BYTES_MAX 4000

/* Where the parts of a proposal stand. */
typedef struct {
    guint32 bytes, length;
    guint32 name_place;
    guint32 first_row, rows, first_number;
} Entry;

/* A domain. The names stand together, because the thread that decides fetches them from another's
 * cache. */
typedef struct {
    guint32 name, hash; /* `name`: where it stands, with a NUL */
} Domain;

/* A block has a few thousand addresses at most; what names more domains has no proposal. */
#define DOMAINS_MAX 4096u
#define DOMAIN_SLOTS (4 * DOMAINS_MAX)

struct GifProposals {
    guint64 filling;
    GArray *entries;             /* Entry */
    GByteArray *bytes;           /* encodings */
    GArray *rows;                /* TblCreationRow */
    GArray *numbers;             /* guint16: the domains of the addresses of rows */
    GArray *domains;             /* Domain: each once */
    GByteArray *names;           /* theirs */
    GArray *other;               /* TblSlice: of the row under way */
    guint16 slots[DOMAIN_SLOTS]; /* by hash: one more than the number of a domain; 0: free */
};

GifProposals *
gif_proposals_new(void)
{
    GifProposals *proposals = g_new0(GifProposals, 1);
    proposals->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    proposals->bytes = g_byte_array_new();
    proposals->rows = g_array_new(FALSE, FALSE, sizeof(TblCreationRow));
    proposals->numbers = g_array_new(FALSE, FALSE, sizeof(guint16));
    proposals->domains = g_array_new(FALSE, FALSE, sizeof(Domain));
    proposals->names = g_byte_array_new();
    proposals->other = g_array_new(FALSE, FALSE, sizeof(TblSlice));
    return proposals;
}

void
gif_proposals_free(GifProposals *proposals)
{
    if (proposals) {
        g_array_unref(proposals->entries);
        g_byte_array_unref(proposals->bytes);
        g_array_unref(proposals->rows);
        g_array_unref(proposals->numbers);
        g_array_unref(proposals->domains);
        g_byte_array_unref(proposals->names);
        g_array_unref(proposals->other);
        g_free(proposals);
    }
}

void
gif_proposals_clear(GifProposals *proposals)
{
    g_array_set_size(proposals->entries, 0);
    g_byte_array_set_size(proposals->bytes, 0);
    g_array_set_size(proposals->rows, 0);
    g_array_set_size(proposals->numbers, 0);
    if (proposals->domains->len > 0) {
        memset(proposals->slots, 0, sizeof proposals->slots);
    }
    g_array_set_size(proposals->domains, 0);
    g_byte_array_set_size(proposals->names, 0);
    proposals->filling++;
}

/* ---- Cells ---- */

/* False: the cell means something else than a value of the new object, or is told about. */
static bool
cell_take(GifProposals *proposals, TblPlainObject *object, const GifColumn *column, TblSlice text)
{
    switch (column->kind) {
    case GIF_COLUMN_PRIMARIES:
    case GIF_COLUMN_SECONDARIES:
        return true; /* see addresses_take */
    case GIF_COLUMN_TEXT:
        if (!gif_attributes_is_no_server(column, text)) {
            object->text[column->which] = text;
        }
        return true;
    case GIF_COLUMN_HIDDEN:
        return gif_attributes_read_switch(text, &object->hidden);
    case GIF_COLUMN_REDIRECT:
        return gif_attributes_read_switch(text, &object->deliver_and_redirect);
    case GIF_COLUMN_AUTHENTICATED:
        return gif_attributes_read_switch(text, &object->authenticated_only);
    case GIF_COLUMN_LIMIT_IN:
        return gif_attributes_read_number(text, &object->limit_in);
    case GIF_COLUMN_LIMIT_OUT:
        return gif_attributes_read_number(text, &object->limit_out);
    case GIF_COLUMN_OTHER: {
        TblSlice name = tbl_slice(column->other);
        g_array_append_val(proposals->other, name);
        g_array_append_val(proposals->other, text);
        return true;
    }
    default:
        return false;
    }
}

static bool
cells_take(GifProposals *proposals, TblPlainObject *object, const GifSchema *schema,
           const GifBlock *block, const GifBlockRow *row)
{
    const GifCell *cell = gif_block_cells(block, row);
    const GifLexer *lexer = gif_block_lexer(block);
    g_array_set_size(proposals->other, 0);
    for (guint i = 0; i < schema->count; i++) {
        if (cell[i].fault != 0) {
            return false;
        }
        if (cell[i].kind == GIF_CELL_BLANK) {
            continue;
        }
        bool plain = cell[i].kind == GIF_CELL_VALUES && cell[i].backslashes == 0 &&
                     cell[i].empty == 0 && !cell[i].clear_quoted;
        if (!plain || !cell_take(proposals, object, &schema->column[i],
                                 gif_lexer_value(lexer, &cell[i], 0)->text)) {
            return false;
        }
    }
    object->other = (const TblSlice *)(void *)proposals->other->data;
    object->n_other = proposals->other->len;
    return true;
}

/* ---- Addresses ---- */

/* The addresses of a row in the order of the encoding. */
typedef struct {
    guint count;
    const GifProxy *proxy[ADDRESSES_MAX];
    TblPlainAddress plain[ADDRESSES_MAX];
    guint32 hash[ADDRESSES_MAX];
} Addresses;

/* The row writes the address, or a primary of its type, a second time. */
static bool
is_repeated(const Addresses *addresses, TblSlice type, guint32 hash, bool primary)
{
    for (guint i = 0; i < addresses->count; i++) {
        if (addresses->hash[i] == hash ||
            (primary && tbl_slice_equal(addresses->plain[i].type, type))) {
            return true;
        }
    }
    return false;
}

static bool
address_take(Addresses *addresses, const GifBlockProxy *parsed, bool primary)
{
    const GifProxy *proxy = &parsed->proxy;
    TblSlice type = tbl_slice(proxy->type);
    if (parsed->fault != 0 || proxy->bare || proxy->trimmed || (primary && proxy->lower) ||
        addresses->count == ADDRESSES_MAX || !proxy->plain || proxy->key_len > TBL_STORE_KEY_MAX ||
        is_repeated(addresses, type, parsed->hash, primary)) {
        return false;
    }
    guint at = addresses->count++;
    addresses->proxy[at] = proxy;
    addresses->plain[at] =
        (TblPlainAddress){type, {proxy->value, proxy->value_len}, .primary = primary};
    addresses->hash[at] = parsed->hash;
    return true;
}

static bool
column_take(Addresses *addresses, const GifBlock *block, const GifBlockRow *row, int column,
            bool primary)
{
    if (column < 0) {
        return true;
    }
    const GifCell *cell = &gif_block_cells(block, row)[column];
    for (guint i = 0; cell->kind == GIF_CELL_VALUES && i < cell->count; i++) {
        if (!address_take(addresses, gif_block_proxy(block, cell, i), primary)) {
            return false;
        }
    }
    return true;
}

static void
rows_add(GifProposals *proposals, const Addresses *addresses, const guint32 *places)
{
    guint first = proposals->rows->len;
    g_array_set_size(proposals->rows, first + addresses->count);
    for (guint i = 0; i < addresses->count; i++) {
        g_array_index(proposals->rows, TblCreationRow, first + i) =
            (TblCreationRow){.key = addresses->proxy[i]->key,
                             .hash = addresses->hash[i],
                             .length = (guint16)addresses->proxy[i]->key_len,
                             .place = (guint16)places[i]};
    }
}

/* The number of a domain among those of the block; GIF_PROPOSAL_NO_DOMAIN: there are too many. */
static guint16
domain_number(GifProposals *proposals, TblSlice name)
{
    guint32 hash = tbl_key_index_hash(name);
    guint at = hash % DOMAIN_SLOTS;
    for (; proposals->slots[at] != 0; at = (at + 1) % DOMAIN_SLOTS) {
        const Domain *known = &g_array_index(proposals->domains, Domain, proposals->slots[at] - 1u);
        if (known->hash == hash &&
            strcmp((const char *)proposals->names->data + known->name, name.ptr) == 0) {
            return (guint16)(proposals->slots[at] - 1u);
        }
    }
    if (proposals->domains->len == DOMAINS_MAX) {
        return GIF_PROPOSAL_NO_DOMAIN;
    }
    Domain domain = {proposals->names->len, hash};
    g_array_append_val(proposals->domains, domain);
    g_byte_array_append(proposals->names, (const guint8 *)name.ptr, (guint)name.len + 1);
    proposals->slots[at] = (guint16)proposals->domains->len;
    return (guint16)(proposals->domains->len - 1);
}

/* False: there are too many. */
static bool
domains_add(GifProposals *proposals, const GifBlock *block, const GifBlockRow *row)
{
    const GifBlockProxy *parsed = gif_block_row_proxies(block, row);
    guint first = proposals->numbers->len;
    g_array_set_size(proposals->numbers, first + row->proxies);
    guint16 *number = &g_array_index(proposals->numbers, guint16, first);
    for (guint i = 0; i < row->proxies; i++) {
        const GifProxy *proxy = &parsed[i].proxy;
        const char *name = gif_proxy_domain(proxy);
        number[i] = GIF_PROPOSAL_NO_DOMAIN;
        if (name) {
            TblSlice domain = {name, (size_t)(proxy->key + proxy->key_len - name)};
            number[i] = domain_number(proposals, domain);
            if (number[i] == GIF_PROPOSAL_NO_DOMAIN) {
                return false;
            }
        }
    }
    return true;
}

/* ---- Rows ---- */

static bool
row_is_plain(const GifBlockRow *row)
{
    bool creates = row->row.mode == GIF_MODE_CREATE || row->row.mode == GIF_MODE_UPDATE;
    bool targeted = row->row.object_class == TBL_CLASS_REMOTE;
    return creates && !targeted && !row->row.stranger && !row->cut && row->name_key.len > 0 &&
           row->name_key.len <= TBL_STORE_KEY_MAX && tbl_slice_is_ascii(row->name_key);
}

guint
gif_proposals_add(GifProposals *proposals, const GifSchema *schema, const GifBlock *block,
                  const GifBlockRow *row)
{
    TblPlainObject object = {.object_class = row->row.object_class,
                             .limit_in = TBL_LIMIT_NONE,
                             .limit_out = TBL_LIMIT_NONE};
    Addresses addresses;
    guint32 places[ADDRESSES_MAX];
    addresses.count = 0;
    if (!row_is_plain(row) || row->proxies > ADDRESSES_MAX ||
        !cells_take(proposals, &object, schema, block, row) ||
        !column_take(&addresses, block, row, schema->primaries_at, true) ||
        !column_take(&addresses, block, row, schema->secondaries_at, false)) {
        return 0;
    }
    object.name = tbl_slice(row->row.name);
    object.addresses = addresses.plain;
    object.n_addresses = addresses.count;
    gsize size = tbl_plain_size(&object);
    if (size > BYTES_MAX || !tbl_slice_is_ascii(object.name)) {
        return 0;
    }
    Entry entry = {.bytes = proposals->bytes->len,
                   .first_row = proposals->rows->len,
                   .rows = addresses.count,
                   .first_number = proposals->numbers->len};
    if (!domains_add(proposals, block, row)) {
        return 0;
    }
    g_byte_array_set_size(proposals->bytes, (guint)(entry.bytes + size));
    entry.length = (guint32)tbl_plain_encode(&object, (char *)proposals->bytes->data + entry.bytes,
                                             &entry.name_place, places);
    g_byte_array_set_size(proposals->bytes, entry.bytes + entry.length);
    rows_add(proposals, &addresses, places);
    g_array_append_val(proposals->entries, entry);
    return proposals->entries->len;
}

GifProposal
gif_proposals_get(const GifProposals *proposals, const GifBlockRow *row)
{
    const Entry *entry = &g_array_index(proposals->entries, Entry, row->proposal - 1);
    return (GifProposal){
        .creation = {.bytes = {(const char *)proposals->bytes->data + entry->bytes, entry->length},
                     .name_key = row->name_key,
                     .name_hash = row->name_hash,
                     .name_place = entry->name_place,
                     .rows = &g_array_index(proposals->rows, TblCreationRow, entry->first_row),
                     .n_rows = entry->rows},
        .domains = &g_array_index(proposals->numbers, guint16, entry->first_number)};
}

GifProposalDomain
gif_proposals_domain(const GifProposals *proposals, guint number)
{
    const Domain *domain = &g_array_index(proposals->domains, Domain, number);
    return (GifProposalDomain){(const char *)proposals->names->data + domain->name, domain->hash};
}

guint
gif_proposals_count_domains(const GifProposals *proposals)
{
    return proposals->domains->len;
}

guint64
gif_proposals_filling(const GifProposals *proposals)
{
    return proposals->filling;
}
