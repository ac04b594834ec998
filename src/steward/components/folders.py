"""An operator's own folder of programs, taken as they are.

Called by supply, as the first of the ways. Programs of a Kubernetes version lie below `<version>/`, CNI plugins
below `cni/`, all others at the top. What is taken is copied, so that a later change of the folder touches no cluster.
"""

import asyncio
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from steward.components import recipes, reports
from steward.domain import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    root: Path

    way = "folder"

    def key(self, recipe: recipes.Recipe) -> str | None:
        """None where the folder has nothing of this component; refuses where it has a part of it."""
        files = self._files(recipe)
        if not files:
            return None
        digest = hashlib.sha256()
        for name, path in files.items():
            state = path.stat()
            digest.update(f"{name}\n{path.resolve()}\n{state.st_size}\n{state.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def _files(self, recipe: recipes.Recipe) -> dict[str, Path]:
        folder = self.root / (recipe.version if recipe.fact.per_version else recipe.fact.place)
        multicall = recipe.fact.multicall
        if multicall and (folder / multicall).is_file():
            return {multicall: folder / multicall}
        found = {name: folder / name for name in recipe.fact.programs if (folder / name).is_file()}
        lacking = [name for name in recipe.fact.programs if name not in found]
        if found and lacking:
            raise errors.Unavailable(
                f"{folder} (STEWARD_COMPONENTS) has {', '.join(found)} but not {', '.join(lacking)}: "
                f"{recipe.name} is taken whole or not at all. Add what is missing, or remove the rest."
            )
        return found

    async def ready(self, _recipe: recipes.Recipe, _listen: reports.Listener) -> None:
        """Nothing else is needed."""

    async def fill(self, recipe: recipes.Recipe, target: Path, listen: reports.Listener) -> Mapping[str, str]:
        listen(reports.Report(doing="Copying"))
        for name, path in self._files(recipe).items():
            await asyncio.to_thread(shutil.copyfile, path, target / name)
            (target / name).chmod(0o755)
        return {"way": self.way, "folder": str(self.root)}
