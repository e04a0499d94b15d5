#include "util/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t) 16 * 1024)

typedef struct Block {
	struct Block *next;
	size_t size;
	size_t used;
	_Alignas(max_align_t) unsigned char bytes[];
} Block;

struct Arena {
	Block *blocks;
};

static _Noreturn void out_of_memory(void)
{
	fputs("citusctl: out of memory\n", stderr);
	abort();
}

void *xmalloc(size_t size)
{
	void *memory = malloc(size > 0 ? size : 1);

	if (memory == NULL)
		out_of_memory();
	return memory;
}

void *xrealloc(void *old, size_t size)
{
	void *memory = realloc(old, size > 0 ? size : 1);

	if (memory == NULL)
		out_of_memory();
	return memory;
}

char *xstrdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(xmalloc(size), text, size);
}

Arena *arena_new(void)
{
	Arena *arena = xmalloc(sizeof(*arena));

	arena->blocks = NULL;
	return arena;
}

void arena_free(Arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->blocks != NULL) {
		Block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	free(arena);
}

static Block *block_with_room(Arena *arena, size_t size)
{
	Block *block = arena->blocks;

	if (block != NULL && block->size - block->used >= size)
		return block;

	size_t bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;

	if (bytes > SIZE_MAX - sizeof(Block))
		out_of_memory();
	block = xmalloc(sizeof(Block) + bytes);
	block->size = bytes;
	block->used = 0;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(Arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);

	if (size > SIZE_MAX - align)
		out_of_memory();
	size = (size + align - 1) / align * align;
	if (size == 0)
		size = align;

	Block *block = block_with_room(arena, size);
	void *memory = block->bytes + block->used;

	block->used += size;
	return memset(memory, 0, size);
}

void *arena_array(Arena *arena, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size)
		out_of_memory();
	return arena_alloc(arena, count * size);
}

char *arena_strndup(Arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(Arena *arena, const char *text)
{
	return text == NULL ? NULL : arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(Arena *arena, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, again);

	va_end(again);
	if (length < 0)
		out_of_memory();

	char *text = arena_alloc(arena, (size_t) length + 1);

	vsnprintf(text, (size_t) length + 1, format, args);
	return text;
}

char *arena_printf(Arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = arena_vprintf(arena, format, args);

	va_end(args);
	return text;
}
