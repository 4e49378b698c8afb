"""What every admin page shares: own rows only, roles instead of permission rows, no surprises."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from apps.common.access import is_admin, may_write


class OwnedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that belong to somebody: an admin sees all, others their own, viewers only look.

    `owner` is the lookup of the owning user's id; without one the rows are the installation's
    and only admins see them. `shared` rows are everybody's to read.
    """

    owner: str | None = None
    shared = False
    list_per_page = 50
    show_full_result_count = False

    @staticmethod
    def person(request: HttpRequest) -> Any:
        """Who is asking: on these pages always somebody signed in."""
        return request.user

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if is_admin(request.user) or self.owner is None:
            return rows
        return rows.filter(**{self.owner: request.user.pk})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if not request.user.is_active or not request.user.is_staff:
            return False
        return is_admin(request.user) or self.shared or self.owner is not None

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        owned = is_admin(request.user) or self.owner is not None
        return owned and may_write(request.user) and self.has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Rows go through a service that looks at what depends on them, never by a bulk delete.
        return False


class ReadOnlyAdmin(OwnedAdmin):
    """Rows that only the product writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
