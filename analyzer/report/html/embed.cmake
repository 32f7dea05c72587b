# Writes TO: FROM as an array of octets. cmake -DFROM=page.html -DTO=page_html.cc -P embed.cmake
file(READ ${FROM} octets HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," octets "${octets}")
string(REGEX REPLACE "(0x0a,)" "\\1\n" octets "${octets}")
file(WRITE ${TO} "#include <cstddef>\nnamespace tcpautopsy {\nextern const unsigned char kPageHtml[];\nextern const std::size_t kPageHtmlSize;\nconst unsigned char kPageHtml[] = {\n${octets}};\nconst std::size_t kPageHtmlSize = sizeof kPageHtml;\n}  // namespace tcpautopsy\n")
