"""The registry as Django knows it."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class RegistryConfig(AppConfig):
    """App label ``registry``."""

    name = "songhua.store.registry"
    label = "registry"
    verbose_name = "登记簿"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Put every change of a protected table on record."""
        from songhua.store.registry import triggers

        connection_created.connect(triggers.prepare, dispatch_uid="songhua-record")
        post_migrate.connect(triggers.install, sender=self, dispatch_uid="songhua-record")
