#include "gif/entry.h"

/* Room that the values of a usual row need. */
#define ARENA_ROOM 4096

GifEntry *
gif_entry_new(void)
{
    GifEntry *entry = g_new0(GifEntry, 1);
    entry->notes = gif_notes_new();
    entry->cells = g_array_new(FALSE, FALSE, sizeof(GifEntryCell));
    entry->values = g_array_new(FALSE, FALSE, sizeof(TblSlice));
    entry->arena = g_string_chunk_new(ARENA_ROOM);
    return entry;
}

void
gif_entry_free(GifEntry *entry)
{
    if (entry) {
        g_free(entry->name);
        gif_notes_free(entry->notes);
        g_array_unref(entry->cells);
        g_array_unref(entry->values);
        g_string_chunk_free(entry->arena);
        g_free(entry);
    }
}

void
gif_entry_clear(GifEntry *entry, GifMode mode)
{
    g_clear_pointer(&entry->name, g_free);
    gif_notes_clear(entry->notes);
    g_array_set_size(entry->cells, 0);
    g_array_set_size(entry->values, 0);
    g_string_chunk_clear(entry->arena);
    GifEntry kept = *entry;
    *entry = (GifEntry){.mode = mode,
                        .object_class = TBL_CLASS_MAILBOX,
                        .certainty = GIF_UNCERTAIN,
                        .notes = kept.notes,
                        .cells = kept.cells,
                        .values = kept.values,
                        .arena = kept.arena};
}

void
gif_entry_set_name(GifEntry *entry, TblSlice name)
{
    while (name.len > 0 && (*name.ptr == ' ' || *name.ptr == '\t')) {
        name.ptr++;
        name.len--;
    }
    while (name.len > 0 && (name.ptr[name.len - 1] == ' ' || name.ptr[name.len - 1] == '\t')) {
        name.len--;
    }
    g_free(entry->name);
    entry->name = name.len > 0 ? g_strndup(name.ptr, name.len) : NULL;
}

GifEntryCell *
gif_entry_add_cell(GifEntry *entry, guint column, GifCellKind kind)
{
    GifEntryCell cell = {.column = column, .kind = kind, .first = entry->values->len};
    g_array_append_val(entry->cells, cell);
    return &g_array_index(entry->cells, GifEntryCell, entry->cells->len - 1);
}

void
gif_entry_add_value(GifEntry *entry, TblSlice value)
{
    TblSlice copy = {g_string_chunk_insert_len(entry->arena, value.ptr, (gssize)value.len),
                     value.len};
    g_array_append_val(entry->values, copy);
    g_array_index(entry->cells, GifEntryCell, entry->cells->len - 1).count++;
}
