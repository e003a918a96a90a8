"""The SPDX licence list: full texts, names, and which of them a text is."""
