#include "tables/key_order.h"

/* So few are sorted by moving each to its place. */
#define FEW 16
#define WORD sizeof(guint64)
#define BYTE_VALUES 256

typedef struct {
    guint64 high, low; /* 16 bytes behind what all splitters begin with, in bytewise order */
} Prefix;

struct TblSplitters {
    TblKeys keys;
    Prefix *prefixes;
    gsize common; /* bytes that all splitters begin with */
};

/* Eight bytes of a key from a place on, zeros where it ends: their order is that of the numbers. */
static guint64
word_at(TblSlice key, gsize place)
{
    guint64 word = 0;
    if (place + WORD <= key.len)
        memcpy(&word, key.ptr + place, WORD);
    else if (place < key.len)
        memcpy(&word, key.ptr + place, key.len - place);
    return GUINT64_FROM_BE(word);
}

/* ---- Keys ---- */

void
tbl_keys_init(TblKeys *keys)
{
    *keys = (TblKeys){.items = g_array_new(FALSE, FALSE, sizeof(TblKeyItem)),
                      .bytes = g_byte_array_new()};
}

void
tbl_keys_clear(TblKeys *keys)
{
    g_clear_pointer(&keys->items, g_array_unref);
    g_clear_pointer(&keys->bytes, g_byte_array_unref);
}

void
tbl_keys_add(TblKeys *keys, TblSlice key, guint32 number)
{
    TblKeyItem item = {.at = keys->bytes->len, .length = (guint32)key.len, .number = number};
    g_byte_array_append(keys->bytes, (const guint8 *)key.ptr, (guint)key.len);
    g_array_append_val(keys->items, item);
}

static TblSlice
key_of(const TblKeys *keys, const TblKeyItem *item)
{
    return (TblSlice){(const char *)keys->bytes->data + item->at, item->length};
}

TblSlice
tbl_keys_at(const TblKeys *keys, guint index)
{
    return key_of(keys, &g_array_index(keys->items, TblKeyItem, index));
}

/* ---- Sorting ---- */

static void
insertion_sort(const TblKeys *keys, TblKeyItem *items, guint count)
{
    for (guint i = 1; i < count; i++) {
        TblKeyItem item = items[i];
        guint at = i;
        for (; at > 0; at--) {
            const TblKeyItem *before = &items[at - 1];
            if (before->word < item.word ||
                (before->word == item.word &&
                 tbl_slice_compare(key_of(keys, before), key_of(keys, &item)) <= 0))
                break;
            items[at] = *before;
        }
        items[at] = item;
    }
}

/* By one byte of the word, keeping the order of those that have the same. False: all have. */
static bool
byte_sort(const TblKeyItem *items, TblKeyItem *sorted, guint count, guint shift)
{
    guint begins[BYTE_VALUES] = {0}, next = 0;
    for (guint i = 0; i < count; i++)
        begins[items[i].word >> shift & (BYTE_VALUES - 1)]++;
    if (begins[items[0].word >> shift & (BYTE_VALUES - 1)] == count)
        return false;
    for (guint value = 0; value < BYTE_VALUES; value++) {
        guint here = begins[value];
        begins[value] = next;
        next += here;
    }
    for (guint i = 0; i < count; i++)
        sorted[begins[items[i].word >> shift & (BYTE_VALUES - 1)]++] = items[i];
    return true;
}

static void
word_sort(TblKeyItem *items, TblKeyItem *spare, guint count)
{
    TblKeyItem *from = items, *to = spare;
    for (guint shift = 0; shift < WORD * 8; shift += 8) {
        if (byte_sort(from, to, count, shift)) {
            TblKeyItem *last = from;
            from = to;
            to = last;
        }
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
}

/* How many bytes two keys begin with, of which `known` are known; `most` at most, which both have.
 */
static gsize
same_length(const char *a, const char *b, gsize known, gsize most)
{
    guint64 left, right;
    for (; known + WORD <= most; known += WORD) {
        memcpy(&left, a + known, WORD);
        memcpy(&right, b + known, WORD);
        if (left != right)
            return known + (gsize)__builtin_ctzll(GUINT64_FROM_LE(left ^ right)) / 8;
    }
    while (known < most && a[known] == b[known])
        known++;
    return known;
}

/* How many bytes all keys begin with, `known` at least. */
static gsize
common_length(const TblKeys *keys, const TblKeyItem *items, guint count, gsize known)
{
    TblSlice first = key_of(keys, &items[0]);
    gsize common = first.len;
    for (guint i = 1; i < count && common > known; i++) {
        TblSlice key = key_of(keys, &items[i]);
        common = same_length(first.ptr, key.ptr, known, MIN(common, key.len));
    }
    return MAX(common, known);
}

/* Keys that have their first `known` bytes in common, counting zeros behind the end of a key.
 * `spare`: room for as many. */
static void
sort_behind(const TblKeys *keys, TblKeyItem *items, TblKeyItem *spare, guint count, gsize known)
{
    gsize longest = 0, place = common_length(keys, items, count, known);
    for (guint i = 0; i < count; i++) {
        items[i].word = word_at(key_of(keys, &items[i]), place);
        longest = MAX(longest, items[i].length);
    }
    if (count <= FEW) {
        insertion_sort(keys, items, count);
        return;
    }
    if (place >= longest) { /* what differs yet are zeros at the end */
        for (guint i = 0; i < count; i++)
            items[i].word = items[i].length;
        word_sort(items, spare, count);
        return;
    }
    word_sort(items, spare, count);
    for (guint begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && items[end].word == items[begin].word;)
            end++;
        if (end - begin > 1)
            sort_behind(keys, items + begin, spare, end - begin, place + WORD);
    }
}

void
tbl_keys_sort(TblKeys *keys)
{
    guint count = keys->items->len;
    g_autofree TblKeyItem *spare = count > FEW ? g_new(TblKeyItem, count) : NULL;
    if (count > 1)
        sort_behind(keys, (TblKeyItem *)(void *)keys->items->data, spare, count, 0);
}

/* ---- Parts ---- */

static Prefix
prefix_at(TblSlice key, gsize place)
{
    return (Prefix){word_at(key, place), word_at(key, place + WORD)};
}

TblSplitters *
tbl_splitters_new(TblKeys *sample, guint parts)
{
    TblSplitters *splitters = g_new0(TblSplitters, 1);
    guint samples = sample->items->len;
    tbl_keys_init(&splitters->keys);
    tbl_keys_sort(sample);
    parts = MIN(parts, samples);
    for (guint i = 1; i < parts; i++)
        tbl_keys_add(&splitters->keys, tbl_keys_at(sample, (guint)((guint64)samples * i / parts)),
                     i);
    guint count = splitters->keys.items->len;
    const TblKeyItem *items = (const TblKeyItem *)(const void *)splitters->keys.items->data;
    splitters->prefixes = g_new(Prefix, count + 1);
    splitters->common = count ? common_length(&splitters->keys, items, count, 0) : 0;
    for (guint i = 0; i < count; i++)
        splitters->prefixes[i] = prefix_at(tbl_keys_at(&splitters->keys, i), splitters->common);
    return splitters;
}

void
tbl_splitters_free(TblSplitters *splitters)
{
    if (!splitters)
        return;
    tbl_keys_clear(&splitters->keys);
    g_free(splitters->prefixes);
    g_free(splitters);
}

guint
tbl_splitters_parts(const TblSplitters *splitters)
{
    return splitters->keys.items->len + 1;
}

static bool
prefix_equal(Prefix a, Prefix b)
{
    return a.high == b.high && a.low == b.low;
}

/* How many of the sorted prefixes are less: without a branch that would be guessed wrong half the
 * time. */
static guint
count_less(const Prefix *prefixes, guint count, Prefix than)
{
    guint less = 0;
    while (count > 0) {
        guint half = (count + 1) / 2;
        const Prefix *at = &prefixes[less + half - 1];
        bool is_less = (at->high < than.high) | ((at->high == than.high) & (at->low < than.low));
        less += is_less ? half : 0;
        count = is_less ? count - half : half - 1;
    }
    return less;
}

guint
tbl_splitters_find(const TblSplitters *splitters, TblSlice key)
{
    guint count = splitters->keys.items->len;
    if (count == 0)
        return 0;
    TblSlice first = tbl_keys_at(&splitters->keys, 0);
    if (key.len < splitters->common || memcmp(key.ptr, first.ptr, splitters->common) != 0)
        return tbl_slice_compare(key, first) < 0 ? 0 : count;
    Prefix prefix = prefix_at(key, splitters->common);
    guint low = count_less(splitters->prefixes, count, prefix), high = count;
    if (low == count || !prefix_equal(splitters->prefixes[low], prefix))
        return low;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (prefix_equal(splitters->prefixes[middle], prefix) &&
            tbl_slice_compare(tbl_keys_at(&splitters->keys, middle), key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
