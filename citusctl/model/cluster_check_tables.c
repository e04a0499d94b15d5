/* Whether the tables of a description mean something. */
#include <stdlib.h>
#include <string.h>

#include "model/cluster_keys.h"
#include "model/table_name.h"
#include "util/str.h"

#define NAMES_TO_SUGGEST 1000

static int compare_texts(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_names(const TableDraft *a, const TableDraft *b)
{
	int order = compare_texts(a->schema, b->schema);

	return order != 0 ? order : compare_texts(a->name, b->name);
}

/* By name; those of one name as they are written. */
static int compare_entries(const void *a, const void *b)
{
	const TableDraft *x = *(const TableDraft *const *) a;
	const TableDraft *y = *(const TableDraft *const *) b;
	int order = compare_names(x, y);

	return order != 0 ? order : (x > y) - (x < y);
}

static int compare_key(const void *key, const void *entry)
{
	return compare_names(key, *(const TableDraft *const *) entry);
}

/* The tables whose names could be read, sorted by them. */
typedef struct Index {
	TableDraft **entries;
	size_t count;
} Index;

static Index make_index(List *tables, Mistakes *mistakes)
{
	Index index = {.entries = arena_array(mistakes->arena, tables->count, sizeof(TableDraft *))};
	TableDraft *table = tables->items;
	const char *problem = NULL;

	for (size_t i = 0; i < tables->count; i++, table++) {
		if (table->label == NULL || *table->label == '\0')
			continue;
		if (table_name_parse(mistakes->arena, table->label, &table->schema, &table->name, &problem))
			index.entries[index.count++] = table;
		else
			mistake(mistakes, table->head.path, "name", "%s %s",
			        show_text(mistakes->arena, table->label), problem);
	}
	qsort(index.entries, index.count, sizeof(TableDraft *), compare_entries);
	for (size_t i = 1; i < index.count; i++)
		if (compare_names(index.entries[i - 1], index.entries[i]) == 0)
			mistake(mistakes, index.entries[i]->head.path, "name",
			        "%s is the name of %s too; a table stands here once",
			        show_text(mistakes->arena, index.entries[i]->label),
			        index.entries[i - 1]->head.path);
	return index;
}

/* ---- one table ------------------------------------------------------------ */

static void check_reference(const TableDraft *table, Mistakes *mistakes)
{
	const char *path = table->head.path;

	if (table->distribution_column != NULL)
		mistake(mistakes, path, "distribution_column",
		        "a reference table has none, as it is whole on every node; leave out this or \"reference\"");
	if (table->colocate_with != NULL)
		mistake(mistakes, path, "colocate_with",
		        "a reference table is on every node, and so beside every table; leave it out");
	if (table->storage == STORAGE_COLUMNAR)
		mistake(mistakes, path, "storage",
		        "\"columnar\" is for distributed tables only, not for a reference table; leave it out");
	if (table->placement.given)
		mistake(mistakes, path, "placement", "a reference table is on every node; leave it out");
}

static void check_distributed(const TableDraft *table, Mistakes *mistakes)
{
	if (table->distribution_column == NULL)
		mistake(mistakes, table->head.path, "distribution_column",
		        "is missing; a table needs this or \"reference\": true");
	if (table->placement.given && table->colocate_with != NULL)
		mistake(mistakes, table->head.path, "placement",
		        "follows from \"colocate_with\"; leave it out, or give it to %s",
		        show_text(mistakes->arena, table->colocate_with));
}

/* ---- colocation ----------------------------------------------------------- */

static const char *suggestion(const TableDraft *table, const List *tables, Mistakes *mistakes)
{
	const TableDraft *all = tables->items;
	const char **names = arena_array(mistakes->arena, NAMES_TO_SUGGEST, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < tables->count && count < NAMES_TO_SUGGEST; i++)
		if (all[i].name != NULL && !all[i].reference && &all[i] != table)
			names[count++] = all[i].label;

	const char *near = did_you_mean(mistakes->arena, table->colocate_with, names, count);

	return *near != '\0' ? near : "; add it, or leave this out";
}

static void find_partner(TableDraft *table, const List *tables, const Index *index,
                         Mistakes *mistakes)
{
	TableDraft wanted = {.label = table->colocate_with};
	const char *problem = NULL;
	TableDraft *const *found = NULL;

	if (!table_name_parse(mistakes->arena, wanted.label, &wanted.schema, &wanted.name, &problem)) {
		mistake(mistakes, table->head.path, "colocate_with", "%s %s",
		        show_text(mistakes->arena, wanted.label), problem);
		return;
	}
	if (index->count > 0)
		found = bsearch(&wanted, index->entries, index->count, sizeof(TableDraft *), compare_key);
	if (found == NULL && mistakes->total < MISTAKES_MAX)
		mistake(mistakes, table->head.path, "colocate_with", "there is no table %s in \"tables\"%s",
		        show_text(mistakes->arena, wanted.label), suggestion(table, tables, mistakes));
	else if (found == NULL)
		mistakes->total++;
	else if (*found == table)
		mistake(mistakes, table->head.path, "colocate_with",
		        "%s is the table itself; leave it out", show_text(mistakes->arena, wanted.label));
	else if ((*found)->reference)
		mistake(mistakes, table->head.path, "colocate_with",
		        "%s is not distributed but a reference table, which is beside every table anyway; "
		        "leave it out", show_text(mistakes->arena, wanted.label));
	else
		table->with = *found;
}

static void report_circle(const TableDraft *table, Mistakes *mistakes)
{
	Str names = STR_INIT;
	const TableDraft *t = table;
	int shown = 0;

	str_append(&names, show_text(mistakes->arena, t->label));
	do {
		t = t->with;
		str_append(&names, " -> ");
		if (++shown > 8 && t != table)
			break;
		str_append(&names, show_text(mistakes->arena, t->label));
	} while (t != table);
	if (t != table)
		str_append(&names, "...");
	mistake(mistakes, table->head.path, "colocate_with",
	        "goes in a circle, %s; leave it out for one of them", str_text(&names));
	str_free(&names);
}

/* Each circle is reported once, at the first of its tables that was met. */
static void find_circles(const List *tables, Mistakes *mistakes)
{
	const TableDraft *all = tables->items;
	size_t *met = arena_array(mistakes->arena, tables->count, sizeof(*met));

	for (size_t i = 0; i < tables->count; i++) {
		const TableDraft *t = &all[i];

		for (; t != NULL && met[t - all] == 0; t = t->with)
			met[t - all] = i + 1;
		if (t != NULL && met[t - all] == i + 1)
			report_circle(t, mistakes);
	}
}

/* ---- placement ------------------------------------------------------------ */

static bool has_label(const NodeDraft *node, const Pair *wanted)
{
	const Pair *labels = node->labels.items;

	for (size_t i = 0; i < node->labels.count; i++)
		if (str_equal(labels[i].name, wanted->name) && str_equal(labels[i].value, wanted->value))
			return true;
	return false;
}

static bool node_fits(const NodeDraft *node, const List *placement)
{
	const Pair *wanted = placement->items;

	for (size_t i = 0; i < placement->count; i++)
		if (!has_label(node, &wanted[i]))
			return false;
	return true;
}

static void check_placement(const TableDraft *table, const List *workers, Mistakes *mistakes)
{
	const NodeDraft *nodes = workers->items;
	bool fits = table->placement.count == 0;

	for (size_t i = 0; i < workers->count && !fits; i++)
		fits = node_fits(&nodes[i], &table->placement);
	if (!fits)
		mistake(mistakes, table->head.path, "placement",
		        "no worker has all of these labels; give them to one in its \"labels\"");
}

void cluster_check_tables(Draft *draft, Mistakes *mistakes)
{
	Index index = make_index(&draft->tables, mistakes);
	TableDraft *tables = draft->tables.items;

	for (size_t i = 0; i < draft->tables.count; i++) {
		TableDraft *table = &tables[i];

		if (!table->head.usable)
			continue;
		if (table->reference)
			check_reference(table, mistakes);
		else
			check_distributed(table, mistakes);
		if (!table->reference && table->colocate_with != NULL && *table->colocate_with != '\0')
			find_partner(table, &draft->tables, &index, mistakes);
		if (!table->reference && table->placement.given && table->colocate_with == NULL)
			check_placement(table, &draft->workers.list, mistakes);
	}
	find_circles(&draft->tables, mistakes);
}
