"""python run.py FILE: django-oscar's own importer on a database in memory; what it stored, as JSON."""

import json
import logging
import sys

import django
from django.conf import settings
from oscar.defaults import *  # noqa: F403 - as its manual says to
from oscar.defaults import OSCAR_SLUG_MAP  # noqa: F401

APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sites", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles", "django.contrib.flatpages",
    "oscar.config.Shop", "oscar.apps.analytics.apps.AnalyticsConfig", "oscar.apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig", "oscar.apps.shipping.apps.ShippingConfig",
    "oscar.apps.catalogue.apps.CatalogueConfig", "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig", "oscar.apps.partner.apps.PartnerConfig",
    "oscar.apps.basket.apps.BasketConfig", "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig", "oscar.apps.order.apps.OrderConfig",
    "oscar.apps.customer.apps.CustomerConfig", "oscar.apps.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig", "oscar.apps.wishlists.apps.WishlistsConfig",
    "oscar.apps.dashboard.apps.DashboardConfig",
    *(
        f"oscar.apps.dashboard.{name}.apps.{kind}DashboardConfig"
        for name, kind in {
            "catalogue": "Catalogue", "communications": "Communications", "offers": "Offers", "orders": "Orders",
            "pages": "Pages", "partners": "Partners", "ranges": "Ranges", "reports": "Reports",
            "reviews": "Reviews", "shipping": "Shipping", "users": "Users", "vouchers": "Vouchers",
        }.items()
    ),
    "treebeard", "haystack", "django_tables2",
]  # fmt: skip


class Unmoved(dict[str, None]):
    """Tables are made at once: running all migrations takes a minute."""

    def __contains__(self, label: object) -> bool:
        return True

    def __getitem__(self, label: str) -> None:
        return None


OSCAR = {name: value for name, value in globals().items() if name.startswith("OSCAR_")}
settings.configure(
    **OSCAR,
    INSTALLED_APPS=APPS,
    MIGRATION_MODULES=Unmoved(),
    SITE_ID=1,
    SECRET_KEY="of a test",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
)
django.setup()

from django.core.management import call_command  # noqa: E402
from oscar.core.loading import get_class, get_model  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
get_class("partner.importers", "CatalogueImporter")(logging.getLogger("import")).handle(sys.argv[1])
Product = get_model("catalogue", "Product")
stored = [
    {
        "class": product.product_class.name,
        "categories": [category.name for category in product.categories.all()],
        "upc": product.upc,
        "title": product.title,
        "description": product.description,
        "stock": [
            [record.partner.name, record.partner_sku, str(record.price), record.num_in_stock]
            for record in product.stockrecords.all()
        ],
    }
    for product in Product.objects.order_by("id")
]
json.dump(stored, sys.stdout)
