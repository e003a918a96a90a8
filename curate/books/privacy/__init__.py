"""What is kept of people, and their rights over it: a copy, being forgotten, and an end by itself.

``places`` (where personal data lies), ``export`` (a copy for one person), ``erase``, ``retention`` (what is due to
be forgotten), ``backup`` (and restoring it without bringing anybody back), ``audit`` (that these were done). The map
of columns is ``curate.database.personal``, the journal of erasures ``curate.shop.erasures``.
"""
