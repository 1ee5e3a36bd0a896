"""The tables of a dataset's file, and what their rows hold: SQLite itself keeps anything anywhere."""

MOST_CLASSES = 1_000_000  # the highest number of a class
BLOBS = {"mean": 12, "square": 12, "hash": 8, "look": 256}  # bytes, see `core.image_sets.image_record`
TABLES = """
create table about (key text primary key, value text not null);
create table versions (number integer primary key, time real not null, words text not null);
create table images (id integer primary key, digest blob not null, name text not null, width integer not null,
    height integer not null, colour integer not null, turned integer not null, mean blob not null, square blob not null,
    hash blob not null, look blob not null);
create table contents (image integer primary key, data blob not null);
create table names (class integer not null, name text not null, enabled integer not null, since integer not null,
    until integer not null);
create table places (image integer not null, class integer not null, split text not null, kin integer not null,
    since integer not null, until integer not null);
create index places_of_image on places (image);
create index places_of_class on places (class, until);
"""

_VALID = "typeof(since) = 'integer' and typeof(until) = 'integer'"
SOUND = {  # table -> what is true of each of its rows
    "about": "typeof(key) = 'text' and typeof(value) = 'text'",
    "versions": "typeof(number) = 'integer' and typeof(words) = 'text' and typeof(time) in ('real', 'integer') "
    "and time between 0 and 253402300799",
    "images": "typeof(id) = 'integer' and typeof(name) = 'text' and typeof(width) = 'integer' and width > 0 "
    "and typeof(height) = 'integer' and height > 0 and typeof(colour) = 'integer' and typeof(turned) = 'integer' "
    "and typeof(digest) = 'blob' "
    + "".join(f"and typeof({name}) = 'blob' and length({name}) = {size} " for name, size in BLOBS.items()),
    "names": f"typeof(class) = 'integer' and class between 0 and {MOST_CLASSES} and typeof(name) = 'text' "
    f"and typeof(enabled) = 'integer' and {_VALID}",
    "places": "typeof(image) = 'integer' and typeof(class) = 'integer' and split in ('train', 'val', 'test') "
    f"and typeof(kin) = 'integer' and {_VALID} and exists (select 1 from images where images.id = places.image)",
}
