/* core/schema/compiler/taken.c - the names that C, C++, their libraries and we have taken.
 *
 * What the headers declare that rill/schema.h includes, gcc's builtins, which it knows without a header, and a few that are
 * in most programs. A list begins and ends with a space, as does each word in it.
 */
#include "schema/compiler/request.h"

#include <stdio.h>

#define WORD_MAX 24u /* nothing in the lists is longer */

static const char words[] =
	" alignas alignof and and_eq asm assert auto bitand bitor bool break case catch char char16_t char32_t char8_t "
	"class co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype "
	"default delete do double dynamic_cast else enum errno explicit export extern false float for friend goto i386 if "
	"inline int linux long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected "
	"public register reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast "
	"stderr stdin stdout struct switch template this thread_local throw true try typedef typeid typename typeof "
	"typeof_unqual union unix unsigned using virtual void volatile wchar_t while xor xor_eq BUFSIZ DOMAIN EOF FALSE "
	"INFINITY NAN NULL OVERFLOW RAND_MAX TRUE UNDERFLOW main rill RILL "
	/* endian.h, errno.h, sys/select.h */
	"BIG_ENDIAN BYTE_ORDER E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EADV EAFNOSUPPORT EAGAIN EALREADY EBADE EBADF "
	"EBADFD EBADMSG EBADR EBADRQC EBADSLT EBFONT EBUSY ECANCELED ECHILD ECHRNG ECOMM ECONNABORTED ECONNREFUSED "
	"ECONNRESET EDEADLK EDEADLOCK EDESTADDRREQ EDOM EDOTDOT EDQUOT EEXIST EFAULT EFBIG EHOSTDOWN EHOSTUNREACH "
	"EHWPOISON EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR EISNAM EKEYEXPIRED EKEYREJECTED "
	"EKEYREVOKED EL2HLT EL2NSYNC EL3HLT EL3RST ELIBACC ELIBBAD ELIBEXEC ELIBMAX ELIBSCN ELNRNG ELOOP EMEDIUMTYPE "
	"EMFILE EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG ENAVAIL ENETDOWN ENETRESET ENETUNREACH ENFILE ENOANO ENOBUFS "
	"ENOCSI ENODATA ENODEV ENOENT ENOEXEC ENOKEY ENOLCK ENOLINK ENOMEDIUM ENOMEM ENOMSG ENONET ENOPKG ENOPROTOOPT "
	"ENOSPC ENOSR ENOSTR ENOSYS ENOTBLK ENOTCONN ENOTDIR ENOTEMPTY ENOTNAM ENOTRECOVERABLE ENOTSOCK ENOTSUP "
	"ENOTTY ENOTUNIQ ENXIO EOPNOTSUPP EOVERFLOW EOWNERDEAD EPERM EPFNOSUPPORT EPIPE EPROTO EPROTONOSUPPORT "
	"EPROTOTYPE ERANGE EREMCHG EREMOTE EREMOTEIO ERESTART ERFKILL EROFS ESHUTDOWN ESOCKTNOSUPPORT ESPIPE ESRCH "
	"ESRMNT ESTALE ESTRPIPE ETIME ETIMEDOUT ETOOMANYREFS ETXTBSY EUCLEAN EUNATCH EUSERS EWOULDBLOCK EXDEV EXFULL "
	"FD_CLR FD_ISSET FD_SET FD_SETSIZE FD_ZERO LITTLE_ENDIAN NFDBITS PDP_ENDIAN ";

/* What they have limits of, and of these there is a _MIN, a _MAX, and for numbers of a type a _C. */
static const char limited[] =
	" INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64 INT_LEAST8 INT_LEAST16 INT_LEAST32 INT_LEAST64 UINT_LEAST8 "
	"UINT_LEAST16 UINT_LEAST32 UINT_LEAST64 INT_FAST8 INT_FAST16 INT_FAST32 INT_FAST64 UINT_FAST8 UINT_FAST16 "
	"UINT_FAST32 UINT_FAST64 INTPTR UINTPTR INTMAX UINTMAX SIZE SSIZE PTRDIFF SIG_ATOMIC WCHAR WINT CHAR SCHAR UCHAR "
	"SHRT USHRT INT UINT LONG ULONG LLONG ULLONG ";

/* Apart from what ends in _t. */
static const char types[] = " drand48_data fd_set random_data timespec timeval ";

/* Each of these for other sizes of numbers, too: log, logf, logl, logf128. */
static const char functions[] =
	" abort abs accept access acos acosh alarm alloca asin asinh atan atan2 atanh atexit atof atoi atol atoll "
	"basename bcmp bcopy be16toh be32toh be64toh bind bsearch bzero cabs cacos cacosh calloc carg casin casinh "
	"catan catanh cbrt ccos ccosh ceil cexp chdir chmod chown cimag clock clog clog10 clone close conj connect "
	"copysign cos cosh cpow cproj creal csin csinh csqrt ctan ctanh daemon dcgettext dgettext dirname div drem "
	"dup erf erfc exec execl execle execlp execv execve execvp exit exp exp10 exp2 explicit_bzero expm1 fabs "
	"fclose fdim feclearexcept fegetenv fegetexceptflag fegetround feholdexcept feraiseexcept fesetenv "
	"fesetexceptflag fesetround fetestexcept feupdateenv fflush ffs ffsimax fgetc fgets finite floor fma fmax "
	"fmin fmod fopen fork fprintf fputc fputs fread free frexp fscanf fseek ftell fwrite gamma getc getenv "
	"getline getopt getpid gets gettext htobe16 htobe32 htobe64 htole16 htole32 htole64 hypot ilogb imaxabs index "
	"isalnum isalpha isascii isblank iscntrl isdigit isgraph isinf islower isnan isprint ispunct isspace isupper "
	"iswalnum iswalpha iswblank iswcntrl iswdigit iswgraph iswlower iswprint iswpunct iswspace iswupper iswxdigit "
	"isxdigit j0 j1 jn kill labs ldexp ldiv le16toh le32toh le64toh lgamma link listen llabs llrint llround log "
	"log10 log1p log2 logb lrint lround lseek malloc memccpy memchr memcmp memcpy memmove mempcpy memset mkdir "
	"mmap modf nan nearbyint nextafter nexttoward nice offsetof open pause perror pipe poll pow pow10 printf "
	"pselect putc putchar puts qsort raise rand random read realloc recv recvmsg remainder remove remquo rename "
	"rewind rindex rint rmdir round roundeven scalb scalbln scalbn scanf select send sendmsg setbuf shutdown "
	"signal signbit significand sin sincos sinh sleep snprintf socket sprintf sqrt srand srandom sscanf stat "
	"stpcpy stpncpy strcasecmp strcasecmp_l strcat strchr strcmp strcoll strcoll_l strcpy strcspn strdup strerror "
	"strerror_l strerror_r strfmon strftime strlen strncasecmp strncasecmp_l strncat strncmp strncpy strndup "
	"strnlen strpbrk strrchr strsep strsignal strspn strstr strtod strtok strtok_r strtol strtoul strxfrm "
	"strxfrm_l sync system tan tanh tgamma time toascii tolower toupper towlower towupper trunc truncate umask "
	"ungetc unlink usleep vfprintf vfscanf vprintf vscanf vsnprintf vsprintf vsscanf wait waitpid write y0 y1 yn ";

static bool is_in(const char *list, const char *name, size_t len)
{
	char key[WORD_MAX + 3];

	if (!len || len > WORD_MAX)
		return false;
	snprintf(key, sizeof(key), " %.*s ", (int)len, name);
	return strstr(list, key) != NULL;
}

static bool is_limit(const char *name)
{
	const char *ending = strrchr(name, '_');

	return ending && (strcmp(ending, "_MIN") == 0 || strcmp(ending, "_MAX") == 0 || strcmp(ending, "_C") == 0) &&
	       is_in(limited, name, (size_t)(ending - name));
}

bool taken_is_word(const char *name)
{
	return is_in(words, name, strlen(name)) || is_limit(name);
}

bool taken_is_name(const char *name)
{
	return taken_is_word(name) || strncmp(name, "rill_", 5) == 0 || strncmp(name, "RILL_", 5) == 0;
}

bool taken_is_type(const char *name)
{
	size_t len = strlen(name);

	return (len > 2 && strcmp(name + len - 2, "_t") == 0) || is_in(types, name, len);
}

/* Without the size at its end: l, or f or d and digits and perhaps x, or f. */
static size_t without_size(const char *name)
{
	size_t len = strlen(name), n = len;

	if (n && name[n - 1] == 'l')
		return n - 1;
	if (n && name[n - 1] == 'x')
		n--;
	while (n && name[n - 1] >= '0' && name[n - 1] <= '9')
		n--;
	return n && (name[n - 1] == 'f' || name[n - 1] == 'd') ? n - 1 : len;
}

bool taken_is_function(const char *name)
{
	return is_in(functions, name, strlen(name)) || is_in(functions, name, without_size(name));
}
