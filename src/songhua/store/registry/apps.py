"""The registry as Django knows it."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """App label ``registry``."""

    name = "songhua.store.registry"
    label = "registry"
    verbose_name = "登记簿"
    default_auto_field = "django.db.models.BigAutoField"
