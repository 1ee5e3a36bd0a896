"""A ZIP that was written here: its comment says so, and what its folders mean is not in doubt."""

from __future__ import annotations

from core.image_sets.export import names_of_export
from core.image_sets.layouts.placed import Layout, Placed, tidy_class
from core.image_sets.own_dataset import SPLITS
from core.image_sets.sources import Listing

KEY = "exported"


def exported(listing: Listing) -> Layout | None:
    """None for any other ZIP, and for one to which someone has added pictures that lie in other folders."""
    names = names_of_export(listing.comment)
    if names is None or not all(len(each.parts) == 3 and each.parts[0] in SPLITS for each in listing.pictures):
        return None
    layout = Layout("A dataset that was downloaded here, with its classes and parts.", key=KEY, is_settled=True)
    for entry in listing.pictures:
        split, folder, _ = entry.parts
        layout.pictures.append(Placed(entry, tidy_class(names.get(folder, folder)), split))
    layout.parts = {split: split for split in {each.split for each in layout.pictures}}
    layout.alternatives = {KEY: layout.words}
    layout.trees = {KEY: layout.tree()}
    return layout
