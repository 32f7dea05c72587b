# The page as it was built of page/ by .ci/page; a build needs no node.
set(page_html ${CMAKE_CURRENT_BINARY_DIR}/page_html.cc)
add_custom_command(
  OUTPUT ${page_html}
  COMMAND ${CMAKE_COMMAND} -DFROM=${CMAKE_CURRENT_SOURCE_DIR}/report/html/page.html -DTO=${page_html} -P ${CMAKE_CURRENT_SOURCE_DIR}/report/html/embed.cmake
  DEPENDS report/html/page.html report/html/embed.cmake
  VERBATIM)
target_sources(tcpautopsy_report PRIVATE ${page_html})
