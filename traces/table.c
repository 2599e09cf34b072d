/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/base/require.h"
#include "traces/attribute.h"
#include "traces/disk.h"

#define DEFLATE_LEVEL 1u

static size_t value_bytes(enum column_type type)
{
	switch (type) {
	case COLUMN_U64:
		return 8;
	case COLUMN_U32:
		return 4;
	case COLUMN_U16:
		return 2;
	case COLUMN_ENUM:
		return 1;
	case COLUMN_TEXT:
		return TRACE_NAME_BYTES;
	}
	return 0;
}

/* The column's type in the file (which is also the type it is written from). */
static hid_t file_type(const struct column *column)
{
	hid_t type;
	switch (column->type) {
	case COLUMN_U64:
		return H5Tcopy(H5T_STD_U64LE);
	case COLUMN_U32:
		return H5Tcopy(H5T_STD_U32LE);
	case COLUMN_U16:
		return H5Tcopy(H5T_STD_U16LE);
	case COLUMN_ENUM:
		type = H5Tenum_create(H5T_STD_U8LE);
		for (unsigned char i = 0; column->symbols[i]; i++)
			H5Tenum_insert(type, column->symbols[i], &i);
		return type;
	case COLUMN_TEXT:
		type = H5Tcopy(H5T_C_S1);
		H5Tset_size(type, TRACE_NAME_BYTES);
		H5Tset_strpad(type, H5T_STR_NULLPAD);
		return type;
	}
	return H5I_INVALID_HID;
}

/*
 * The type a column is read as: an enumeration as its number, whatever its words.  One of single bytes, as the writer
 * makes it, is read as it stands, without a conversion.
 */
static hid_t memory_type(const struct column *column, hid_t dataset)
{
	switch (column->type) {
	case COLUMN_U64:
		return H5Tcopy(H5T_NATIVE_UINT64);
	case COLUMN_U32:
		return H5Tcopy(H5T_NATIVE_UINT32);
	case COLUMN_U16:
		return H5Tcopy(H5T_NATIVE_UINT16);
	case COLUMN_ENUM: {
		hid_t type = H5Dget_type(dataset);
		if (H5Tget_class(type) == H5T_ENUM && H5Tget_size(type) == 1)
			return type;
		H5Tclose(type);
		return H5Tcopy(H5T_NATIVE_UINT8);
	}
	case COLUMN_TEXT:
		return file_type(column);
	}
	return H5I_INVALID_HID;
}

static void gather(const struct column *column, const unsigned char *rows, size_t row_bytes, size_t count,
		   unsigned char *values)
{
	const unsigned char *from = rows + column->offset;
	size_t bytes = value_bytes(column->type);
	for (size_t i = 0; i < count; i++, from += row_bytes, values += bytes) {
		if (column->type == COLUMN_U64) {
			memcpy(values, from, 8);
		} else if (column->type == COLUMN_ENUM) {
			unsigned value;
			memcpy(&value, from, sizeof(value));
			*values = (unsigned char)value;
		} else {
			memcpy(values, from, bytes);
		}
	}
}

/* A loop for each type: the compiler knows the size of what it copies. */
static void scatter(const struct column *column, unsigned char *rows, size_t row_bytes, size_t count,
		    const unsigned char *values)
{
	unsigned char *to = rows + column->offset;
	switch (column->type) {
	case COLUMN_U64:
		for (size_t i = 0; i < count; i++, to += row_bytes)
			memcpy(to, values + 8 * i, 8);
		return;
	case COLUMN_U32:
		for (size_t i = 0; i < count; i++, to += row_bytes)
			memcpy(to, values + 4 * i, 4);
		return;
	case COLUMN_U16:
		for (size_t i = 0; i < count; i++, to += row_bytes)
			memcpy(to, values + 2 * i, 2);
		return;
	case COLUMN_ENUM:
		for (size_t i = 0; i < count; i++, to += row_bytes) {
			unsigned value = values[i];
			memcpy(to, &value, sizeof(value));
		}
		return;
	case COLUMN_TEXT:
		for (size_t i = 0; i < count; i++, to += row_bytes)
			memcpy(to, values + TRACE_NAME_BYTES * i, TRACE_NAME_BYTES);
	}
}

static hid_t create_dataset(hid_t group, const struct column *column, hid_t type)
{
	hsize_t none = 0, unlimited = H5S_UNLIMITED, chunk = TABLE_BLOCK_ROWS;
	hid_t space = H5Screate_simple(1, &none, &unlimited);
	hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
	hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
	H5Pset_obj_track_times(creation, false);
	H5Pset_chunk(creation, 1, &chunk);
	H5Pset_shuffle(creation);
	H5Pset_deflate(creation, DEFLATE_LEVEL);
	H5Pset_chunk_cache(access, 0, 0, 1); /* whole chunks are written: nothing to keep */
	hid_t dataset = H5Dcreate2(group, column->name, type, space, H5P_DEFAULT, creation, access);
	H5Pclose(access);
	H5Pclose(creation);
	H5Sclose(space);
	if (dataset >= 0 && (!attribute_put_text(dataset, "unit", column->unit) ||
			     !attribute_put_text(dataset, "about", column->about))) {
		H5Dclose(dataset);
		return H5I_INVALID_HID;
	}
	return dataset;
}

bool table_writer_init(struct table_writer *table, hid_t file, const char *path, const struct table_layout *layout,
		       struct err *err)
{
	REQUIRE(layout->column_count <= TABLE_MAX_COLUMNS);
	memset(table, 0, sizeof(*table));
	table->layout = layout;
	table->path = path;
	table->file = file;
	for (size_t i = 0; i < TABLE_MAX_COLUMNS; i++)
		table->dataset[i] = table->type[i] = H5I_INVALID_HID;
	table->rows = calloc(TABLE_BLOCK_ROWS, layout->row_bytes);
	table->column = calloc(TABLE_BLOCK_ROWS, TRACE_NAME_BYTES);
	hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
	H5Pset_obj_track_times(creation, false);
	hid_t group = H5Gcreate2(file, layout->name, H5P_DEFAULT, creation, H5P_DEFAULT);
	H5Pclose(creation);
	bool ok = group >= 0 && table->rows && table->column;
	for (size_t i = 0; ok && i < layout->column_count; i++) {
		table->type[i] = file_type(&layout->columns[i]);
		table->dataset[i] = create_dataset(group, &layout->columns[i], table->type[i]);
		ok = table->dataset[i] >= 0;
	}
	if (group >= 0)
		H5Gclose(group);
	if (ok)
		return true;
	table_writer_fini(table);
	return err_set(err, ERR_FILE, "%s: cannot create table /%s: is the disk full?", path, layout->name);
}

static bool write_column(struct table_writer *table, size_t index)
{
	hsize_t start = table->written, count = table->filled, total = start + count;
	gather(&table->layout->columns[index], table->rows, table->layout->row_bytes, table->filled, table->column);
	if (H5Dset_extent(table->dataset[index], &total) < 0)
		return false;
	hid_t in_file = H5Dget_space(table->dataset[index]);
	hid_t in_memory = H5Screate_simple(1, &count, NULL);
	H5Sselect_hyperslab(in_file, H5S_SELECT_SET, &start, NULL, &count, NULL);
	herr_t status =
		H5Dwrite(table->dataset[index], table->type[index], in_memory, in_file, H5P_DEFAULT, table->column);
	H5Sclose(in_memory);
	H5Sclose(in_file);
	return status >= 0;
}

static bool write_column_quietly(struct table_writer *table, size_t index)
{
	bool ok;
	H5E_BEGIN_TRY
	ok = write_column(table, index);
	H5E_END_TRY
	return ok;
}

bool table_writer_flush(struct table_writer *table, struct err *err)
{
	if (!table->filled)
		return true;
	if (!disk_reserve(table->file))
		return err_set(err, ERR_FILE, "%s: cannot be written: is the disk full?", table->path);
	for (size_t i = 0; i < table->layout->column_count; i++)
		if (!write_column_quietly(table, i))
			return err_set(err, ERR_FILE, "%s: cannot write /%s/%s: is the disk full?", table->path,
				       table->layout->name, table->layout->columns[i].name);
	table->written += table->filled;
	table->filled = 0;
	return true;
}

bool table_writer_add(struct table_writer *table, const void *row, struct err *err)
{
	size_t bytes = table->layout->row_bytes;
	memcpy(table->rows + table->filled * bytes, row, bytes);
	table->filled++;
	return table->filled < TABLE_BLOCK_ROWS || table_writer_flush(table, err);
}

void table_writer_fini(struct table_writer *table)
{
	if (!table->layout)
		return;
	for (size_t i = 0; i < TABLE_MAX_COLUMNS; i++) {
		if (table->dataset[i] >= 0)
			H5Dclose(table->dataset[i]);
		if (table->type[i] >= 0)
			H5Tclose(table->type[i]);
	}
	free(table->rows);
	free(table->column);
	memset(table, 0, sizeof(*table));
}

/* Rows of the dataset, or -1 when it is not a list. */
static hssize_t dataset_rows(hid_t dataset)
{
	hid_t space = H5Dget_space(dataset);
	hssize_t rows = H5Sget_simple_extent_ndims(space) == 1 ? H5Sget_simple_extent_npoints(space) : -1;
	H5Sclose(space);
	return rows;
}

static bool open_column(struct table_reader *table, hid_t file, size_t index, struct err *err)
{
	const struct column *column = &table->layout->columns[index];
	char name[2 * TRACE_NAME_BYTES];
	strcpy(name, table->layout->name);
	strcat(name, "/");
	strcat(name, column->name);
	hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
	H5Pset_chunk_cache(access, 0, 0, 1); /* blocks are kept here, decoded */
	table->dataset[index] = H5Dopen2(file, name, access);
	H5Pclose(access);
	if (table->dataset[index] >= 0)
		table->type[index] = memory_type(column, table->dataset[index]);
	if (table->dataset[index] < 0)
		return err_set(err, ERR_FILE, "%s: dataset /%s is missing: not a whole trace file; import it again",
			       table->path, name);
	hssize_t rows = dataset_rows(table->dataset[index]);
	if (rows < 0)
		return err_set(err, ERR_FILE, "%s: dataset /%s is not one-dimensional", table->path, name);
	if (index == 0)
		table->count = (uint64_t)rows;
	if ((uint64_t)rows != table->count)
		return err_set(err, ERR_FILE, "%s: dataset /%s has %lld rows, /%s/%s has %llu: the file is damaged",
			       table->path, name, (long long)rows, table->layout->name, table->layout->columns[0].name,
			       (unsigned long long)table->count);
	return true;
}

bool table_reader_init(struct table_reader *table, hid_t file, const char *path, const struct table_layout *layout,
		       struct err *err)
{
	REQUIRE(layout->column_count <= TABLE_MAX_COLUMNS);
	memset(table, 0, sizeof(*table));
	table->layout = layout;
	table->path = path;
	for (size_t i = 0; i < TABLE_MAX_COLUMNS; i++)
		table->dataset[i] = table->type[i] = H5I_INVALID_HID;
	for (size_t i = 0; i < TABLE_READER_BLOCKS; i++)
		table->block[i].number = UINT64_MAX;
	table->recent = &table->block[0];
	bool ok = true;
	size_t bytes = 0;
	for (size_t i = 0; ok && i < layout->column_count; i++) {
		bytes += value_bytes(layout->columns[i].type);
		ok = open_column(table, file, i, err);
	}
	if (ok) {
		table->columns = calloc(TABLE_BLOCK_ROWS, bytes);
		ok = table->columns || err_set(err, ERR_FILE, "%s: out of memory", path);
	}
	if (!ok)
		table_reader_fini(table);
	return ok;
}

static bool read_column(struct table_reader *table, size_t index, uint64_t first, size_t rows, unsigned char *to)
{
	hsize_t start = first, count = rows;
	hid_t in_file = H5Dget_space(table->dataset[index]);
	hid_t in_memory = H5Screate_simple(1, &count, NULL);
	H5Sselect_hyperslab(in_file, H5S_SELECT_SET, &start, NULL, &count, NULL);
	herr_t status = H5Dread(table->dataset[index], table->type[index], in_memory, in_file, H5P_DEFAULT, to);
	H5Sclose(in_memory);
	H5Sclose(in_file);
	return status >= 0;
}

/* HDF5 prints nothing: the caller says what was not read. */
static bool read_column_quietly(struct table_reader *table, size_t index, uint64_t first, size_t rows,
				unsigned char *to)
{
	bool ok;
	H5E_BEGIN_TRY
	ok = read_column(table, index, first, rows, to);
	H5E_END_TRY
	return ok;
}

static bool read_columns(struct table_reader *table, uint64_t first, size_t rows, struct err *err)
{
	const struct table_layout *layout = table->layout;
	unsigned char *to = table->columns;
	for (size_t i = 0; i < layout->column_count; i++) {
		if (!read_column_quietly(table, i, first, rows, to))
			return err_set(err, ERR_FILE,
				       "%s: /%s/%s rows %llu to %llu cannot be read: the file is damaged", table->path,
				       layout->name, layout->columns[i].name, (unsigned long long)first,
				       (unsigned long long)(first + rows - 1));
		to += TABLE_BLOCK_ROWS * value_bytes(layout->columns[i].type);
	}
	return true;
}

/* Columns to rows, so many at a time that they stay in the processor's nearest cache. */
static void transpose(const struct table_reader *table, size_t rows, unsigned char *to)
{
	enum { TILE_ROWS = 64 };
	const struct table_layout *layout = table->layout;
	for (size_t row = 0; row < rows; row += TILE_ROWS, to += TILE_ROWS * layout->row_bytes) {
		const unsigned char *from = table->columns;
		size_t count = rows - row < TILE_ROWS ? rows - row : TILE_ROWS;
		for (size_t i = 0; i < layout->column_count; i++) {
			size_t bytes = value_bytes(layout->columns[i].type);
			scatter(&layout->columns[i], to, layout->row_bytes, count, from + row * bytes);
			from += TABLE_BLOCK_ROWS * bytes;
		}
	}
}

static void chain_rows(const struct table_reader *table, struct table_block *block, size_t rows)
{
	_Static_assert(TABLE_BLOCK_ROWS <= TABLE_CHAIN_END, "a row's number within its block has 16 bits");
	const unsigned char *member = block->rows + table->chain_offset + rows * table->layout->row_bytes;
	if (!table->chain_count)
		return;
	memset(block->first, 0xff, table->chain_count * sizeof(block->first[0]));
	for (size_t row = rows; row-- > 0;) {
		uint16_t chain;
		member -= table->layout->row_bytes;
		memcpy(&chain, member, sizeof(chain));
		block->next[row] = block->first[chain];
		block->first[chain] = (uint16_t)row;
	}
}

static bool allocate_block(const struct table_reader *table, struct table_block *block)
{
	if (!block->rows)
		block->rows = calloc(TABLE_BLOCK_ROWS, table->layout->row_bytes);
	if (table->chain_count && !block->first)
		block->first = calloc(table->chain_count, sizeof(block->first[0]));
	if (table->chain_count && !block->next)
		block->next = calloc(TABLE_BLOCK_ROWS, sizeof(block->next[0]));
	return block->rows && (!table->chain_count || (block->first && block->next));
}

static uint64_t cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The least recently used block, now holding block `number`; NULL on failure. */
static struct table_block *load_block(struct table_reader *table, uint64_t number, struct err *err)
{
	struct table_block *block = &table->block[0];
	for (size_t i = 1; i < TABLE_READER_BLOCKS; i++)
		if (table->block[i].used < block->used)
			block = &table->block[i];
	uint64_t first = number * TABLE_BLOCK_ROWS, left = table->count - first;
	size_t rows = left < TABLE_BLOCK_ROWS ? (size_t)left : TABLE_BLOCK_ROWS;
	uint64_t begin = cpu_ns();
	block->number = UINT64_MAX;
	if (!allocate_block(table, block)) {
		err_set(err, ERR_FILE, "%s: out of memory", table->path);
		return NULL;
	}
	if (!read_columns(table, first, rows, err))
		return NULL;
	transpose(table, rows, block->rows);
	if (table->check && !table->check(table->check_argument, first, rows, block->rows, err))
		return NULL;
	chain_rows(table, block, rows);
	block->number = number;
	table->read_ns += cpu_ns() - begin;
	return block;
}

struct table_block *table_reader_block(struct table_reader *table, uint64_t number, struct err *err)
{
	struct table_block *block = table->recent;
	if (block->number == number)
		return block;
	block = NULL;
	for (size_t i = 0; !block && i < TABLE_READER_BLOCKS; i++)
		if (table->block[i].number == number)
			block = &table->block[i];
	if (!block)
		block = load_block(table, number, err);
	if (!block)
		return NULL;
	block->used = ++table->uses;
	table->recent = block;
	return block;
}

const void *table_reader_row(struct table_reader *table, uint64_t row, struct err *err)
{
	REQUIRE(row < table->count);
	struct table_block *block = table_reader_block(table, row / TABLE_BLOCK_ROWS, err);
	return block ? block->rows + (row % TABLE_BLOCK_ROWS) * table->layout->row_bytes : NULL;
}

void table_reader_fini(struct table_reader *table)
{
	if (!table->layout)
		return;
	for (size_t i = 0; i < TABLE_MAX_COLUMNS; i++) {
		if (table->dataset[i] >= 0)
			H5Dclose(table->dataset[i]);
		if (table->type[i] >= 0)
			H5Tclose(table->type[i]);
	}
	for (size_t i = 0; i < TABLE_READER_BLOCKS; i++) {
		free(table->block[i].rows);
		free(table->block[i].first);
		free(table->block[i].next);
	}
	free(table->columns);
	memset(table, 0, sizeof(*table));
}
