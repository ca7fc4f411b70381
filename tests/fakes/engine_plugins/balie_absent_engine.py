"""An engine whose library nobody has."""

import balie_library_that_nobody_has

AbsentEngine = balie_library_that_nobody_has.Engine
