"""The books: what was spent and earned, by whom it came, who came closer; and what is kept of people.

Above the shop, in the same database; everything takes a :class:`curate.shop.Shop`. ``periods`` (months and
their close), ``costs``, ``direct`` (own sales), ``affiliates`` (sales of others), ``journey`` (contacts,
campaigns, plans), ``privacy``, ``reports`` (all of it as tables and charts).
"""
