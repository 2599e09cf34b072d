/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernel the host runs, where versions answer differently.  Each rule is a function here, named after what
 * it asks, with the version that changed it; no other file compares versions.
 */
#ifndef IOMMUSIM_SOFTWARE_KERNEL_H
#define IOMMUSIM_SOFTWARE_KERNEL_H

#include <stdbool.h>

struct kernel {
	unsigned version, patchlevel; /* 6.12: 6, 12 */
};

#define KERNEL_DEFAULT ((struct kernel){ 6, 12 })

static inline bool kernel_since(const struct kernel *kernel, unsigned version, unsigned patchlevel)
{
	return kernel->version != version ? kernel->version > version : kernel->patchlevel >= patchlevel;
}

#endif
