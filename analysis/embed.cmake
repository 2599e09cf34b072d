# SPDX-License-Identifier: Apache-2.0
# embed(OUTPUT FILE...): a C source with each file's text, but its first line, the licence, as
# `const char embedded_NAME_EXT[]`.
function(embed output)
  set(source "#include \"analysis/embedded.h\"\n")
  foreach(file ${ARGN})
    file(STRINGS ${file} first_line LIMIT_COUNT 1)
    string(LENGTH "${first_line}\n" offset)
    file(READ ${file} bytes OFFSET ${offset} HEX)
    string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER ${name} name)
    string(APPEND source "const char embedded_${name}[] = {${bytes}0};\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  endforeach()
  file(GENERATE OUTPUT ${output} CONTENT "${source}")
endfunction()
