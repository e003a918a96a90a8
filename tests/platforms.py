"""What platforms read: their columns, their schemas, and how they take a cell apart."""

from __future__ import annotations

from typing import Any

SHOPIFY = (
    "Title|URL handle|Description|Vendor|Product category|Type|Tags|Published on online store|Status|SKU|Barcode|"
    "Option1 name|Option1 value|Option1 Linked To|Option2 name|Option2 value|Option2 Linked To|Option3 name|"
    "Option3 value|Option3 Linked To|Price|Compare-at price|Cost per item|Charge tax|Tax code|"
    "Unit price total measure|Unit price total measure unit|Unit price base measure|Unit price base measure unit|"
    "Inventory tracker|Inventory quantity|Continue selling when out of stock|Weight value (grams)|"
    "Weight unit for display|Requires shipping|Fulfillment service|Product image URL|Image position|Image alt text|"
    "Variant image URL|Gift card|SEO title|SEO description"
)
SHOPIFY_LEGACY = (
    "Handle|Title|Body (HTML)|Vendor|Product Category|Type|Tags|Published|Option1 Name|Option1 Value|Option2 Name|"
    "Option2 Value|Option3 Name|Option3 Value|Variant SKU|Variant Grams|Variant Inventory Tracker|"
    "Variant Inventory Qty|Variant Inventory Policy|Variant Fulfillment Service|Variant Price|"
    "Variant Compare At Price|Variant Requires Shipping|Variant Taxable|Variant Barcode|Image Src|Image Position|"
    "Image Alt Text|Gift Card|SEO Title|SEO Description|Variant Image|Variant Weight Unit|Variant Tax Code|"
    "Cost per item|Status"
)
WOOCOMMERCE = (
    "ID|Type|SKU|GTIN, UPC, EAN, or ISBN|Name|Published|Is featured?|Visibility in catalog|Short description|"
    "Description|Date sale price starts|Date sale price ends|Tax status|Tax class|In stock?|Stock|Low stock amount|"
    "Backorders allowed?|Sold individually?|Weight (kg)|Length (cm)|Width (cm)|Height (cm)|Allow customer reviews?|"
    "Purchase note|Sale price|Regular price|Categories|Tags|Shipping class|Images|Download limit|"
    "Download expiry days|Parent|Grouped products|Upsells|Cross-sells|External URL|Button text|Position"
)
MEDUSA = {
    "product handle", "product title", "product subtitle", "product status", "product description",
    "product thumbnail", "product discountable", "product metadata", "product is giftcard", "product image 1",
    "product image 2", "variant title", "variant sku", "variant manage inventory", "variant allow backorder",
    "variant option 1 name", "variant option 1 value", "variant price cny", "variant price usd",
}  # fmt: skip
HEADERS: dict[str, Any] = {
    "shopify": tuple(SHOPIFY.split("|")),
    "shopify-legacy": set(SHOPIFY_LEGACY.split("|")),
    "woocommerce": tuple(WOOCOMMERCE.split("|")),
    "medusa": MEDUSA,
}

_TEXT = {"type": "string"}
_FEN = {"type": "integer", "minimum": 0}
BATCH: dict[str, Any] = {
    "type": "object",
    "required": ["product_data"],
    "properties": {
        "product_data": {
            "type": "array", "minItems": 1, "maxItems": 50,
            "items": {
                "type": "object", "additionalProperties": False,
                "required": ["item_key", "item_biz_type", "sp_biz_type", "channel_cat_id", "price", "stock", "publish_shop"],
                "properties": {
                    "item_key": {"type": "string", "minLength": 1}, "outer_id": _TEXT,
                    "item_biz_type": {"enum": [0, 2, 10, 16, 19, 24, 26]}, "sp_biz_type": {"type": "integer"},
                    "channel_cat_id": _TEXT, "price": {"type": "integer", "minimum": 1}, "original_price": _FEN,
                    "express_fee": _FEN, "stock": {"type": "integer", "minimum": 0, "maximum": 9999},
                    "stuff_status": {"type": "integer"},
                    "publish_shop": {
                        "type": "array", "minItems": 1,
                        "items": {
                            "type": "object", "additionalProperties": False,
                            "required": ["user_name", "province", "city", "district", "title", "content", "images"],
                            "properties": {
                                "user_name": _TEXT, "province": {"type": "integer"}, "city": {"type": "integer"},
                                "district": {"type": "integer"},
                                "title": {"type": "string", "minLength": 1, "maxLength": 30},
                                "content": {"type": "string", "minLength": 5, "maxLength": 5000},
                                "images": {"type": "array", "maxItems": 30, "items": _TEXT},
                            },
                        },
                    },
                },
            },
        }
    },
}  # fmt: skip
"""product/batchCreate of 闲管家."""
KAMI: dict[str, Any] = {
    "type": "object", "additionalProperties": False,
    "required": ["kind_id", "cards"],
    "properties": {
        "kind_id": {"type": "integer"}, "cost": _FEN, "is_cover": {"type": "boolean"},
        "is_repeat": {"type": "boolean"}, "is_priority": {"type": "boolean"},
        "cards": {
            "type": "array", "minItems": 1,
            "items": {
                "type": "object", "additionalProperties": False, "required": ["card_no", "card_pwd"],
                "properties": {"card_no": _TEXT, "card_pwd": {"type": "string", "pattern": r"^[^\n\r]+$"}},
            },
        },
    },
}  # fmt: skip
"""kami/storage/create of 闲管家."""


def woocommerce_list(cell: str, unescape: bool = False) -> list[str]:
    """explode_values of its importer, after unescape_data where it calls that (tags)."""
    if unescape and cell[:2] in ("'=", "'+", "'-", "'@"):
        cell = cell[1:]
    parts = cell.replace("\\,", "::separator::").split(",")
    return [part.replace("::separator::", ",").strip() for part in parts]


def woocommerce_description(cell: str) -> str:
    """parse_description_field of its importer."""
    return "\\\\n".join(part.replace("\\n", "\n") for part in cell.split("\\\\n"))
