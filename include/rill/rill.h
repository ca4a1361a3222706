/* rill/rill.h - all of Rill that needs nothing beyond libc. Begin with rill/base.h: the rules that hold for every call. */
#ifndef RILL_RILL_H
#define RILL_RILL_H

#include <rill/allocator.h>
#include <rill/arena.h>
#include <rill/base.h>
#include <rill/cell.h>
#include <rill/channel.h>
#include <rill/ctx.h>
#include <rill/directory.h>
#include <rill/epoll.h>
#include <rill/listener.h>
#include <rill/lock.h>
#include <rill/msg.h>
#include <rill/object.h>
#include <rill/poll.h>
#include <rill/rpc.h>
#include <rill/select.h>
#include <rill/session.h>
#include <rill/stats.h>

#endif
