"""Libraries of intermediate code: linked into whoever calls them, never made machine code."""

from typing import Any

from numba.core.codegen import JITCodeLibrary


class _NoAddresses:
    """In numba's place where it would write to a function's machine code."""

    def set_env(self, _name: str, _environment: Any) -> None: ...


_NO_ADDRESSES = _NoAddresses()


class PartLibrary(JITCodeLibrary):
    """What numba makes of a part: its own code alone, until an entry point links all of it.

    numba's own libraries link, optimise and translate all that they call: of a hundred parts that
    call each other that is a hundred times most of the kernel.
    """

    @property
    def codegen(self) -> "_NoAddresses":
        return _NO_ADDRESSES

    def finalize(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0

    def _get_module_for_linking(self) -> Any:
        if self._shared_module is None:
            module = self._final_module.clone()
            for library in self._called():
                own = isinstance(library, PartLibrary)
                other = library._final_module if own else library._get_module_for_linking()
                module.link_in(other, preserve=True)
            for function in module.functions:
                if not function.is_declaration and function.linkage.name == "external":
                    # Two libraries that call the same part bring it twice.
                    function.linkage = "linkonce_odr"
            self._shared_module = module
        return self._shared_module

    def _called(self) -> list[Any]:
        """All that it calls, directly or not, each once."""
        found: dict[int, Any] = {}
        waiting = list(self._linking_libraries)
        while waiting:
            library = waiting.pop()
            if library is self or id(library) in found:
                continue
            found[id(library)] = library
            if isinstance(library, PartLibrary):
                waiting += library._linking_libraries
        return list(found.values())
