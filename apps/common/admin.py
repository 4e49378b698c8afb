"""What every admin page shares: own rows only, roles instead of permission rows, no surprises."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from apps.common.access import is_admin, may_write
from apps.common.api import plain
from apps.common.fields import AmountField
from apps.common.look import ModelAdmin
from apps.common.reference import by_reference


class OwnedAdmin(ModelAdmin):  # type: ignore[misc]
    """Rows that belong to somebody: an admin sees all, others their own, viewers only look.

    `owner` is the lookup of the owning user's id; without one the rows are the installation's
    and only admins see them. `shared` rows are everybody's to read.
    """

    owner: str | None = None
    shared = False
    list_per_page = 50
    show_full_result_count = False
    # Words of the look, without effect in another.
    list_fullwidth = True
    compressed_fields = True
    warn_unsaved_form = True

    class Media:
        css = {"all": ("common/admin.css",)}

    def complete(self, rows: Sequence[Any]) -> None:
        """Give the rows of one page what the list shows beside their own columns.

        Called once a page, so that a list asks the database as often for 200 rows as for one.
        """

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return tuple(self._readable(name) for name in super().get_list_display(request))

    def _readable(self, name: Any) -> Any:
        """A column of amounts without the zeros that its many decimals would show."""
        known = {field.name: field for field in self.model._meta.fields}
        field = known.get(name) if isinstance(name, str) else None
        return _amount_column(field) if isinstance(field, AmountField) else name

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Any]:
        page = self

        class Completed(super().get_changelist(request, **kwargs)):  # type: ignore[misc]
            result_list: Any

            def get_results(self, request: HttpRequest) -> None:
                super().get_results(request)
                rows: list[Any] = list(self.result_list)
                self.result_list = rows
                page.complete(rows)

        return Completed

    @staticmethod
    def person(request: HttpRequest) -> Any:
        """Who is asking: on these pages always somebody signed in."""
        return request.user

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        if is_admin(request.user) or self.owner is None:
            return rows
        return rows.filter(**{self.owner: request.user.pk})

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any | None:
        """Addresses take a row's short number as well as its UUID."""
        if object_id.isdigit() and any(field.name == "number" for field in self.opts.fields):
            meant = by_reference(object_id)
            return None if meant is None else self.get_queryset(request).filter(meant).first()
        return super().get_object(request, object_id, from_field)

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


def _amount_column(field: AmountField) -> Any:
    @admin.display(description=field.verbose_name, ordering=field.name)
    def column(row: Any) -> str:
        value = getattr(row, field.name)
        return "" if value is None else plain(value)

    column.__name__ = field.name
    return column


class ReadOnlyAdmin(OwnedAdmin):
    """Rows that only the product writes."""

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[Any, ...]:
        return tuple(self._readable(name) for name in super().get_fields(request, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
