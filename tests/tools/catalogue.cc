// Prints analyzer/docs/findings.md.
#include "analyzer/report/text/catalogue.h"

#include <iostream>

int main() { std::cout << tcpautopsy::catalogue_markdown(); }
