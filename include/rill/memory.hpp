/* rill/memory.hpp - C++11: standard containers in an arena, by a self-relative pointer and an allocator.
 *
 *   using numbers = boost::container::vector<int, rill::allocator<int>>;
 *   numbers *n = rill::make<numbers>(arena, rill::allocator<int>(arena));   the owner; lend n
 *   const numbers *n = static_cast<const numbers *>(data);                  a borrower, at whatever address
 *
 *   containers  any that take allocators with pointers of their own kind: Boost.Container, Boost.Unordered, and the
 *               std::vector of libstdc++ and libc++. docs/cpp.md says which were tried
 *   reading     a borrower uses const members only, and trusts the owner: nothing is checked (rill/rel.h has views for
 *               that). No virtual functions: they are code, which lies elsewhere in each process
 *   allocator   is kept in each container, and in it the owner's struct rill_arena *: of use in the owner alone. A
 *               borrower must not copy a container with its allocator; who can read the arena can read that address
 *   exceptions  allocate() throws std::bad_alloc, and nothing else is thrown here. Compiled without exceptions it ends by
 *               std::terminate(): a container cannot be told otherwise
 */
#ifndef RILL_MEMORY_HPP
#define RILL_MEMORY_HPP

#include <rill/arena.h>
#include <rill/rel.h>

#include <cstddef>
#include <exception>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace rill
{

/* A T * that says how far it is from itself: in memory a struct rill_rel, or a RILL_REL(T) of a C program. Copies of it
 * point at the same place, wherever they are. */
template <class T> class rel_ptr
{
      public:
	typedef T element_type;
	typedef typename std::remove_cv<T>::type value_type;
	typedef std::ptrdiff_t difference_type;
	typedef T *pointer;
	typedef typename std::add_lvalue_reference<T>::type reference;
	typedef std::random_access_iterator_tag iterator_category;
	template <class U> using rebind = rel_ptr<U>;

	rel_ptr() noexcept : rel()
	{
	}
	rel_ptr(std::nullptr_t) noexcept : rel()
	{
	}
	/* A template, so that a literal 0 is NULL. */
	template <class U, typename std::enable_if<std::is_convertible<U *, T *>::value, int>::type = 0> rel_ptr(U *to) noexcept
	{
		rill_rel_aim(&rel, static_cast<T *>(to));
	}
	rel_ptr(const rel_ptr &other) noexcept
	{
		rill_rel_aim(&rel, other.get());
	}
	/* As pointers are converted: by itself where T * is, else by static_cast. */
	template <class U, typename std::enable_if<std::is_convertible<U *, T *>::value, int>::type = 0>
	rel_ptr(const rel_ptr<U> &other) noexcept
	{
		T *to = other.get();

		rill_rel_aim(&rel, to);
	}
	template <class U, typename std::enable_if<!std::is_convertible<U *, T *>::value, long>::type = 0>
	explicit rel_ptr(const rel_ptr<U> &other) noexcept
	{
		rill_rel_aim(&rel, static_cast<T *>(other.get()));
	}
	rel_ptr &operator=(const rel_ptr &other) noexcept
	{
		rill_rel_aim(&rel, other.get());
		return *this;
	}

	T *get() const noexcept
	{
		return static_cast<T *>(rill_rel_target(&rel));
	}
	explicit operator bool() const noexcept
	{
		return get() != nullptr;
	}
	bool operator!() const noexcept
	{
		return get() == nullptr;
	}
	T *operator->() const noexcept
	{
		return get();
	}
	reference operator*() const noexcept
	{
		return *get();
	}
	reference operator[](difference_type i) const noexcept
	{
		return get()[i];
	}

	rel_ptr &operator+=(difference_type by) noexcept
	{
		rill_rel_aim(&rel, get() + by);
		return *this;
	}
	rel_ptr &operator-=(difference_type by) noexcept
	{
		return *this += -by;
	}
	rel_ptr &operator++() noexcept
	{
		return *this += 1;
	}
	rel_ptr &operator--() noexcept
	{
		return *this += -1;
	}
	rel_ptr operator++(int) noexcept
	{
		rel_ptr before(*this);

		*this += 1;
		return before;
	}
	rel_ptr operator--(int) noexcept
	{
		rel_ptr before(*this);

		*this += -1;
		return before;
	}
	friend rel_ptr operator+(const rel_ptr &p, difference_type by) noexcept
	{
		return rel_ptr(p.get() + by);
	}
	friend rel_ptr operator+(difference_type by, const rel_ptr &p) noexcept
	{
		return rel_ptr(p.get() + by);
	}
	friend rel_ptr operator-(const rel_ptr &p, difference_type by) noexcept
	{
		return rel_ptr(p.get() - by);
	}

	/* For std::pointer_traits. Of void there is none. */
	template <class U = T, typename std::enable_if<!std::is_void<U>::value, int>::type = 0>
	static rel_ptr pointer_to(U &object) noexcept
	{
		return rel_ptr(std::addressof(object));
	}

      private:
	struct rill_rel rel;
};

template <class T, class U> std::ptrdiff_t operator-(const rel_ptr<T> &a, const rel_ptr<U> &b) noexcept
{
	return a.get() - b.get();
}

#define RILL_REL_PTR_COMPARE(op)                                                                        \
	template <class T, class U> bool operator op(const rel_ptr<T> &a, const rel_ptr<U> &b) noexcept \
	{                                                                                               \
		return a.get() op b.get();                                                              \
	}                                                                                               \
	template <class T, class U> bool operator op(const rel_ptr<T> &a, U *b) noexcept                \
	{                                                                                               \
		return a.get() op b;                                                                    \
	}                                                                                               \
	template <class T, class U> bool operator op(U *a, const rel_ptr<T> &b) noexcept                \
	{                                                                                               \
		return a op b.get();                                                                    \
	}
RILL_REL_PTR_COMPARE(==)
RILL_REL_PTR_COMPARE(!=)
RILL_REL_PTR_COMPARE(<)
RILL_REL_PTR_COMPARE(>)
RILL_REL_PTR_COMPARE(<=)
RILL_REL_PTR_COMPARE(>=)
#undef RILL_REL_PTR_COMPARE

template <class T> bool operator==(const rel_ptr<T> &a, std::nullptr_t) noexcept
{
	return !a;
}
template <class T> bool operator==(std::nullptr_t, const rel_ptr<T> &a) noexcept
{
	return !a;
}
template <class T> bool operator!=(const rel_ptr<T> &a, std::nullptr_t) noexcept
{
	return !!a;
}
template <class T> bool operator!=(std::nullptr_t, const rel_ptr<T> &a) noexcept
{
	return !!a;
}

[[noreturn]] inline void no_memory()
{
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS)
	throw std::bad_alloc();
#else
	std::terminate();
#endif
}

/* Blocks of one arena. Two are equal if they are of the same one. */
template <class T> class allocator
{
      public:
	typedef T value_type;
	typedef rel_ptr<T> pointer;
	typedef rel_ptr<const T> const_pointer;
	typedef rel_ptr<void> void_pointer;
	typedef rel_ptr<const void> const_void_pointer;
	typedef typename std::add_lvalue_reference<T>::type reference;
	typedef typename std::add_lvalue_reference<const T>::type const_reference;
	typedef std::size_t size_type;
	typedef std::ptrdiff_t difference_type;
	typedef std::true_type propagate_on_container_move_assignment;
	typedef std::true_type propagate_on_container_swap;
	typedef std::false_type is_always_equal;
	template <class U> struct rebind {
		typedef allocator<U> other;
	};

	explicit allocator(struct rill_arena *arena) noexcept : arena_(arena)
	{
	}
	template <class U> allocator(const allocator<U> &other) noexcept : arena_(other.arena())
	{
	}

	pointer allocate(size_type count)
	{
		const size_type align = alignof(T) > 16 ? alignof(T) : 16;
		void *block = nullptr;

		if (count <= max_size())
			block = rill_arena_alloc_aligned(arena_, align, count * sizeof(T));
		if (!block)
			no_memory();
		return pointer(static_cast<T *>(block));
	}
	void deallocate(const pointer &block, size_type) noexcept
	{
		rill_arena_free(arena_, const_cast<typename std::remove_cv<T>::type *>(block.get()));
	}
	size_type max_size() const noexcept
	{
		return std::numeric_limits<size_type>::max() / 2 / sizeof(T);
	}
	struct rill_arena *arena() const noexcept /* the owner's; means nothing in a borrower */
	{
		return arena_;
	}

      private:
	struct rill_arena *arena_;
};

template <class T, class U> bool operator==(const allocator<T> &a, const allocator<U> &b) noexcept
{
	return a.arena() == b.arena();
}
template <class T, class U> bool operator!=(const allocator<T> &a, const allocator<U> &b) noexcept
{
	return a.arena() != b.arena();
}

/* An object in the arena, to be lent as one: std::bad_alloc, or what its constructor throws (the block is freed then). */
template <class T, class... Args> T *make(struct rill_arena *arena, Args &&...args)
{
	struct block { /* freed unless it is taken */
		struct rill_arena *arena;
		void *at;

		~block()
		{
			rill_arena_free(arena, at);
		}
	} b = {arena, rill_arena_alloc_aligned(arena, alignof(T) > 16 ? alignof(T) : 16, sizeof(T))};
	T *object;

	if (!b.at)
		no_memory();
	object = ::new (b.at) T(std::forward<Args>(args)...);
	b.at = nullptr;
	return object;
}

/* The end of it: destructor, then free. While it is lent the block stays, but what it owned does not: call it when no
 * borrower is left. NULL: nothing. */
template <class T> void unmake(struct rill_arena *arena, T *object) noexcept
{
	if (!object)
		return;
	object->~T();
	rill_arena_free(arena, const_cast<typename std::remove_cv<T>::type *>(object));
}

} // namespace rill

#endif
