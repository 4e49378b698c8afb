"""The admin's look: the only module that names the package the look comes from.

Everything here has a twin of the same behaviour in Django; nothing else of the package is used.
"""

from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import (
    UnfoldAdminPasswordWidget as PasswordInput,
)
from unfold.widgets import (
    UnfoldAdminSelectWidget as Select,
)
from unfold.widgets import (
    UnfoldAdminTextareaWidget as Textarea,
)
from unfold.widgets import (
    UnfoldAdminTextInputWidget as TextInput,
)
from unfold.widgets import (
    UnfoldBooleanSwitchWidget as Switch,
)

__all__ = [
    "AdminPasswordChangeForm",
    "ModelAdmin",
    "PasswordInput",
    "Select",
    "Switch",
    "TextInput",
    "Textarea",
    "UserChangeForm",
    "UserCreationForm",
]
