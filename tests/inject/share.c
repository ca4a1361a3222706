/* tests/inject/share.c - scene: the server has an object and a cell in a directory, the client finds both, reads two versions
 * of the cell, and goes. */
#include "tests/inject/steps.h"

#include <stdio.h>
#include <string.h>

static const struct rill_object_type type = {.size = sizeof(type), .tag = 7, .version = 1};

/* ---- The owner -------------------------------------------------------------------------------------------------- */

static bool make_directory(struct side *sd)
{
	struct rill_arena_options ao = {.size = sizeof(ao), .capacity = 1 << 20, .ready = 1 << 16};

	if (!sd->arena && TRY(sd, rill_arena_create(&sd->arena, sd->ctx, &ao)) < 0)
		return false;
	return sd->directory || TRY(sd, rill_directory_create(&sd->directory, sd->ctx, NULL)) == 0;
}

int share_offer(struct side *sd, struct rill_channel *ch)
{
	return make_directory(sd) ? TRY(sd, rill_directory_serve(sd->directory, ch)) : -ENOMEM;
}

static bool publish_object(struct side *sd)
{
	char *object = TRY_ALLOC(sd, rill_object_create(sd->arena, &type, 16, NULL));

	if (!object)
		return false;
	strcpy(object, "an object");
	return TRY(sd, rill_directory_publish(sd->directory, "object", sd->arena, object)) == 0 && side_next(sd);
}

bool share_server(struct side *sd)
{
	switch (sd->step) {
	case 0:
		return make_directory(sd) && side_next(sd);
	case 1:
		return publish_object(sd);
	case 2:
		return TRY(sd, rill_cell_create(&sd->cell, sd->directory, "cell", sd->arena, NULL, NULL, NULL)) == 0 &&
		       side_next(sd);
	case 3:
	case 4:
		return TRY(sd, rill_cell_write(sd->cell, sd->step == 3 ? "one" : "two", 4)) == 0 && side_next(sd);
	default:
		return side_finish_after_peer(sd);
	}
}

/* ---- The finder ------------------------------------------------------------------------------------------------- */

static void told(struct side *sd, const char *what, int result)
{
	sd->told++;
	sd->result = result;
	if (result == -ENOENT || result == -EPROTOTYPE || result == -EPROTO)
		side_wrong(sd, what, result);
	side_told(sd, what, result);
}

static void on_found(struct rill_find *find, int result, struct rill_msg *msg, void *user)
{
	struct side *sd = user;
	struct rill_object o;
	const void *data;
	size_t len;

	(void)find;
	if (result == 0 && (rill_msg_loan(msg, 0, &data, &len) < 0 || rill_object_open(data, len, &type, &o) < 0 ||
	                    strcmp(o.data, "an object") != 0))
		side_wrong(sd, "the object is not what was published", 0);
	rill_msg_release(msg);
	told(sd, "found()", result);
}

static void on_opened(struct rill_cell_reader *r, void *user)
{
	(void)r;
	told(user, "opened()", 0);
}

static void on_changed(struct rill_cell_reader *r, void *user)
{
	(void)r, (void)user;
}

static void on_closed(struct rill_cell_reader *r, int why, void *user)
{
	struct side *sd = user;

	rill_cell_reader_close(r);
	sd->reader = NULL;
	told(sd, "closed()", why ? why : -EPIPE);
}

static const struct rill_cell_reader_events reader_events = {
	.size = sizeof(reader_events),
	.opened = on_opened,
	.changed = on_changed,
	.closed = on_closed,
};

static bool read_cell(struct side *sd, const char *text)
{
	struct rill_cell_view view;
	bool same;

	if (rill_cell_read(sd->reader, &view) < 0)
		return false; /* nothing yet, or its end is to be told */
	same = strcmp(view.data, text) == 0;
	if (!same && strcmp(view.data, "one") != 0 && strcmp(view.data, "two") != 0)
		side_wrong(sd, "no version that was written", 0);
	TRY(sd, rill_cell_done(sd->reader));
	return same;
}

bool share_client(struct side *sd)
{
	switch (sd->step) {
	case 0:
		return rill_session_status(sd->s) == 1 && TRY(sd, rill_names_open(&sd->names, sd->s, NULL)) == 0 &&
		       side_next(sd);
	case 1:
		return TRY(sd, rill_names_find(NULL, sd->names, "object", RILL_FIND_WAIT, on_found, sd)) == 0 && side_next(sd);
	case 2:
		return sd->told == 1 && sd->result == 0 && side_next(sd);
	case 3:
		return TRY(sd, rill_cell_reader_open(&sd->reader, sd->names, "cell", RILL_FIND_WAIT, &reader_events, sd)) ==
		               0 &&
		       side_next(sd);
	case 4:
		return sd->told == 2 && sd->result == 0 && sd->reader && read_cell(sd, "two") && side_next(sd);
	case 5:
		rill_cell_reader_close(sd->reader);
		rill_names_close(sd->names);
		return side_finish(sd);
	default:
		return false;
	}
}
