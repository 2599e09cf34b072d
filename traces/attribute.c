/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/attribute.h"

#include <stdlib.h>
#include <string.h>

#include "traces/layout.h"

bool attribute_put_text(hid_t object, const char *name, const char *text)
{
	hid_t space = H5Screate(H5S_SCALAR);
	hid_t type = H5Tcopy(H5T_C_S1);
	H5Tset_size(type, strlen(text) + 1);
	H5Tset_cset(type, H5T_CSET_UTF8);
	hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	bool ok = attribute >= 0 && H5Awrite(attribute, type, text) >= 0;
	if (attribute >= 0)
		H5Aclose(attribute);
	H5Tclose(type);
	H5Sclose(space);
	return ok;
}

bool attribute_put_number(hid_t object, const char *name, uint64_t value, const char *unit)
{
	hid_t space = H5Screate(H5S_SCALAR);
	hid_t attribute = H5Acreate2(object, name, H5T_STD_U64LE, space, H5P_DEFAULT, H5P_DEFAULT);
	bool ok = attribute >= 0 && H5Awrite(attribute, H5T_NATIVE_UINT64, &value) >= 0;
	if (attribute >= 0)
		H5Aclose(attribute);
	H5Sclose(space);
	char unit_name[2 * TRACE_NAME_BYTES];
	if (!unit || !strcmp(unit, "1"))
		return ok;
	strcpy(unit_name, name);
	strcat(unit_name, ".unit");
	return ok && attribute_put_text(object, unit_name, unit);
}

char *attribute_get_text(hid_t object, const char *name)
{
	if (H5Aexists(object, name) <= 0)
		return NULL;
	hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
	hid_t type = H5Aget_type(attribute);
	char *text = NULL;
	if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0) {
		text = calloc(H5Tget_size(type) + 1, 1);
		if (text && H5Aread(attribute, type, text) < 0) {
			free(text);
			text = NULL;
		}
	}
	H5Tclose(type);
	H5Aclose(attribute);
	return text;
}

bool attribute_get_number(hid_t object, const char *name, uint64_t *value)
{
	if (H5Aexists(object, name) <= 0)
		return false;
	hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
	bool ok = H5Aread(attribute, H5T_NATIVE_UINT64, value) >= 0;
	H5Aclose(attribute);
	return ok;
}
