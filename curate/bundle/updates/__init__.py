"""Update packs: old version + pack = new version, for buyers who have the old one."""
