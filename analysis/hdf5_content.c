/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/hdf5_content.h"

#include <stdlib.h>
#include <string.h>

/* Data up to here lies inside the object header, which HDF5 keeps under a checksum; it cannot hold 64 KiB. */
#define COMPACT_BYTES_MAX (UINT64_C(32) << 10)
/* Members and attributes stay in a list, in order, up to here; beyond, HDF5 builds a tree. */
#define LIST_MAX       256u
#define TEXT_BYTES_MAX (UINT64_C(64) << 20)

/* ---- writing ---- */

/*
 * Attributes in their order of creation, and no times.  The order makes HDF5 take the version of
 * the object header that has a checksum.
 */
static bool set_object_properties(hid_t creation)
{
	return H5Pset_obj_track_times(creation, false) >= 0 &&
	       H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED) >= 0 &&
	       H5Pset_attr_phase_change(creation, LIST_MAX, 0) >= 0;
}

/*
 * The oldest version of the superblock: in the newer ones the image that HDF5 before 2.0 hands out
 * has a wrong checksum (HDFGroup/hdf5 issue 1915).
 */
hid_t content_image_create(void)
{
	hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_FILE_CREATE);
	hid_t image = -1;

	if (access >= 0 && creation >= 0 && H5Pset_fapl_core(access, 1 << 20, false) >= 0 &&
	    H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) >= 0 && set_object_properties(creation))
		image = H5Fcreate("result", H5F_ACC_TRUNC, creation, access);
	H5Pclose(access);
	H5Pclose(creation);
	return image;
}

void *content_image_bytes(hid_t image, size_t *size)
{
	ssize_t length = H5Fflush(image, H5F_SCOPE_GLOBAL) >= 0 ? H5Fget_file_image(image, NULL, 0) : -1;
	void *bytes = length > 0 ? malloc((size_t)length) : NULL;

	if (bytes && H5Fget_file_image(image, bytes, (size_t)length) == length) {
		*size = (size_t)length;
		return bytes;
	}
	free(bytes);
	return NULL;
}

hid_t content_group_create(hid_t parent, const char *name)
{
	hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
	hid_t group = -1;

	if (set_object_properties(creation) && H5Pset_link_phase_change(creation, LIST_MAX, 0) >= 0 &&
	    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >= 0)
		group = H5Gcreate2(parent, name, H5P_DEFAULT, creation, H5P_DEFAULT);
	H5Pclose(creation);
	return group;
}

static hid_t text_type(size_t width)
{
	hid_t type = H5Tcopy(H5T_C_S1);

	H5Tset_size(type, width);
	H5Tset_cset(type, H5T_CSET_UTF8);
	return type;
}

static bool put(hid_t object, const char *name, hid_t space, hid_t file_type, hid_t memory_type, const void *value)
{
	hid_t attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
	bool ok = attribute >= 0 && H5Awrite(attribute, memory_type, value) >= 0;

	H5Aclose(attribute);
	return ok;
}

bool content_number_put(hid_t object, const char *name, uint64_t value)
{
	hid_t space = H5Screate(H5S_SCALAR);
	bool ok = put(object, name, space, H5T_STD_U64LE, H5T_NATIVE_UINT64, &value);

	H5Sclose(space);
	return ok;
}

bool content_text_put(hid_t object, const char *name, const char *text)
{
	hid_t space = H5Screate(H5S_SCALAR), type = text_type(strlen(text) + 1);
	bool ok = put(object, name, space, type, type, text);

	H5Tclose(type);
	H5Sclose(space);
	return ok;
}

/* The texts as cells of one width; malloc. */
static char *cells_of(const char *const *text, size_t count, size_t *width)
{
	*width = 1;
	for (size_t i = 0; i < count; i++)
		if (strlen(text[i]) + 1 > *width)
			*width = strlen(text[i]) + 1;

	char *cell = calloc(count, *width);

	for (size_t i = 0; cell && i < count; i++)
		strcpy(cell + i * *width, text[i]);
	return cell;
}

bool content_texts_put(hid_t object, const char *name, const char *const *text, size_t count)
{
	size_t width;
	char *cell = cells_of(text, count, &width);
	hsize_t shape = count;
	hid_t space = H5Screate_simple(1, &shape, NULL), type = text_type(width);
	bool ok = cell && put(object, name, space, type, type, cell);

	H5Tclose(type);
	H5Sclose(space);
	free(cell);
	return ok;
}

static hid_t create(hid_t parent, const char *name, int rank, const hsize_t *shape, hid_t file_type, hid_t memory_type,
		    const void *value)
{
	hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
	hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, shape, NULL);
	uint64_t bytes = (uint64_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(file_type);
	bool ok = set_object_properties(creation);

	if (bytes <= COMPACT_BYTES_MAX)
		ok = ok && H5Pset_layout(creation, H5D_COMPACT) >= 0;
	else if (rank > 0)
		ok = ok && H5Pset_chunk(creation, rank, shape) >= 0 && H5Pset_fletcher32(creation) >= 0;

	hid_t dataset = ok ? H5Dcreate2(parent, name, file_type, space, H5P_DEFAULT, creation, H5P_DEFAULT) : -1;

	if (dataset >= 0 && bytes > 0 && H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0) {
		H5Dclose(dataset);
		dataset = -1;
	}
	H5Sclose(space);
	H5Pclose(creation);
	return dataset;
}

hid_t content_numbers_create(hid_t parent, const char *name, int rank, const hsize_t *shape, const uint64_t *value)
{
	return create(parent, name, rank, shape, H5T_STD_U64LE, H5T_NATIVE_UINT64, value);
}

hid_t content_texts_create(hid_t parent, const char *name, int rank, const hsize_t *shape, const char *cell,
			   size_t width)
{
	hid_t type = text_type(width);
	hid_t dataset = create(parent, name, rank, shape, type, type, cell);

	H5Tclose(type);
	return dataset;
}

/* ---- reading ---- */

bool content_error(hid_t object, const char *name, struct err *err, const char *what)
{
	char file[320] = "?", path[160] = "?";

	H5Fget_name(object, file, sizeof(file));
	H5Iget_name(object, path, sizeof(path));
	return err_set(err, ERR_FILE, "%s: %s%s%s: %s", file, path, strcmp(path, "/") == 0 ? "" : "/", name, what);
}

static hid_t open_member(hid_t parent, const char *name, hid_t (*open)(hid_t, const char *, hid_t), struct err *err)
{
	if (H5Lexists(parent, name, H5P_DEFAULT) <= 0) {
		content_error(parent, name, err, "is missing");
		return -1;
	}
	hid_t member = open(parent, name, H5P_DEFAULT);

	if (member < 0)
		content_error(parent, name, err, "cannot be read (damaged?)");
	return member;
}

hid_t content_group_open(hid_t parent, const char *name, struct err *err)
{
	return open_member(parent, name, H5Gopen2, err);
}

static hid_t open_attribute(hid_t object, const char *name, struct err *err)
{
	if (H5Aexists(object, name) <= 0) {
		content_error(object, name, err, "the attribute is missing");
		return -1;
	}
	hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);

	if (attribute < 0)
		content_error(object, name, err, "the attribute cannot be read (damaged?)");
	return attribute;
}

static bool is_number(hid_t type)
{
	return H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == sizeof(uint64_t) &&
	       H5Tget_sign(type) == H5T_SGN_NONE;
}

static bool is_text(hid_t type)
{
	return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
}

bool content_number_get(hid_t object, const char *name, uint64_t *value, struct err *err)
{
	hid_t attribute = open_attribute(object, name, err);

	if (attribute < 0)
		return false;
	hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
	bool ok = is_number(type) && H5Sget_simple_extent_npoints(space) == 1 &&
		  H5Aread(attribute, H5T_NATIVE_UINT64, value) >= 0;

	H5Sclose(space);
	H5Tclose(type);
	H5Aclose(attribute);
	return ok || content_error(object, name, err, "the attribute is not an unsigned 64-bit number");
}

/* All cells of a text attribute, each ended by a zero whatever the file says; malloc. */
static char *get_texts(hid_t object, const char *name, size_t *count, size_t *width, struct err *err)
{
	hid_t attribute = open_attribute(object, name, err);

	if (attribute < 0)
		return NULL;
	hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
	hssize_t points = H5Sget_simple_extent_npoints(space);
	char *cell = NULL;

	*width = H5Tget_size(type);
	*count = points > 0 ? (size_t)points : 0;
	if (is_text(type) && *width > 0 && *count > 0 && *count <= TEXT_BYTES_MAX / *width)
		cell = malloc(*count * *width);
	if (cell && H5Aread(attribute, type, cell) < 0) {
		free(cell);
		cell = NULL;
	}
	for (size_t i = 0; cell && i < *count; i++)
		cell[(i + 1) * *width - 1] = '\0';
	H5Sclose(space);
	H5Tclose(type);
	H5Aclose(attribute);
	if (!cell)
		content_error(object, name, err, "the attribute is not a fixed-length text");
	return cell;
}

char *content_text_get(hid_t object, const char *name, struct err *err)
{
	size_t count, width;

	return get_texts(object, name, &count, &width, err);
}

bool content_texts_check(hid_t object, const char *name, const char *const *text, size_t count, struct err *err)
{
	size_t found, width;
	char *cell = get_texts(object, name, &found, &width, err);

	if (!cell)
		return false;
	bool same = found == count;

	for (size_t i = 0; same && i < count; i++)
		same = strcmp(cell + i * width, text[i]) == 0;
	free(cell);
	return same || content_error(object, name, err, "not the names that this version of the format has");
}

/* Opens a dataset of a rank; *cells is its size. */
static hid_t open_dataset(hid_t parent, const char *name, int rank, hsize_t *shape, size_t *cells, struct err *err)
{
	hid_t dataset = open_member(parent, name, H5Dopen2, err);

	if (dataset < 0)
		return -1;
	hid_t space = H5Dget_space(dataset);
	bool ok = H5Sget_simple_extent_ndims(space) == rank;

	if (ok && rank > 0)
		ok = H5Sget_simple_extent_dims(space, shape, NULL) == rank;
	hssize_t points = H5Sget_simple_extent_npoints(space);

	*cells = points > 0 ? (size_t)points : 0;
	H5Sclose(space);
	if (ok)
		return dataset;
	content_error(parent, name, err, "the dataset has another shape than this version of the format");
	H5Dclose(dataset);
	return -1;
}

uint64_t *content_numbers_read(hid_t parent, const char *name, int rank, hsize_t *shape, size_t cells_max,
			       hid_t *dataset, struct err *err)
{
	size_t cells;

	*dataset = open_dataset(parent, name, rank, shape, &cells, err);
	if (*dataset < 0)
		return NULL;
	hid_t type = H5Dget_type(*dataset);
	uint64_t *value = is_number(type) && cells <= cells_max ? calloc(cells + 1, sizeof(*value)) : NULL;

	H5Tclose(type);
	if (value && (cells == 0 || H5Dread(*dataset, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0))
		return value;
	free(value);
	content_error(parent, name, err, "the dataset is not readable as unsigned 64-bit numbers (damaged?)");
	H5Dclose(*dataset);
	return NULL;
}

char *content_texts_read(hid_t parent, const char *name, int rank, hsize_t *shape, size_t *width, struct err *err)
{
	size_t cells;
	hid_t dataset = open_dataset(parent, name, rank, shape, &cells, err);

	if (dataset < 0)
		return NULL;
	hid_t type = H5Dget_type(dataset);
	char *cell = NULL;

	*width = H5Tget_size(type);
	if (is_text(type) && *width > 0 && cells <= TEXT_BYTES_MAX / *width)
		cell = calloc(cells + 1, *width);
	if (cell && cells > 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, cell) < 0) {
		free(cell);
		cell = NULL;
	}
	for (size_t i = 0; cell && i < cells; i++)
		cell[(i + 1) * *width - 1] = '\0';
	H5Tclose(type);
	H5Dclose(dataset);
	if (!cell)
		content_error(parent, name, err, "the dataset is not readable as fixed-length texts (damaged?)");
	return cell;
}
