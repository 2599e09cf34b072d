/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of events, for TASK, SOFT and HARD of importing.h.  All arguments are string literals. */
#ifndef IOMMUSIM_TESTS_TRACES_EVENTS_H
#define IOMMUSIM_TESTS_TRACES_EVENTS_H

#define NVME "0000:00:04.0"
#define NIC  "0000:00:03.0"

#define MAP(iova, end, phys, size) "map: IOMMU: iova=0x" iova " - 0x" end " paddr=0x" phys " size=" size
#define UNMAP(iova, end, size)     "unmap: IOMMU: iova=0x" iova " - 0x" end " size=" size " unmapped_size=" size
#define DMA_MAP(device, direction, address, size) \
	"dma_map_page: " device " dir=" direction " dma_addr=" address " size=" size " phys_addr=0 attrs="
#define DMA_UNMAP(device, direction, address, size) \
	"dma_unmap_page: " device " dir=" direction " dma_addr=" address " size=" size " attrs="
#define DMA_ALLOC(device, address, size) \
	"dma_alloc: " device " dir=BIDIRECTIONAL dma_addr=" address " size=" size " virt_addr=0 flags=GFP_KERNEL " \
	"attrs="
#define DMA_FREE(device, address, size) \
	"dma_free: " device " dir=BIDIRECTIONAL dma_addr=" address " size=" size " virt_addr=0 attrs="
#define UNMAP_SG(device, direction) "dma_unmap_sg: " device " dir=" direction " phys_addrs={0x1} attrs="

#endif
